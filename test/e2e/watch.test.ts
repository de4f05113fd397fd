import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { Daemon } from './harness/daemon.ts';
import { script } from './harness/prompt.ts';
import type { Server } from './harness/server.ts';
import { untilTrue } from './harness/wait.ts';
import { watchBySocket } from './harness/watch-socket.ts';
import { entryText } from './harness/wire.ts';
import { World } from './harness/world.ts';

const world = new World();
let server: Server;
let daemon: Daemon;
beforeAll(async () => {
  server = await world.server();
  daemon = await world.onlineDaemon(server, { maxConcurrent: 8 });
});
afterAll(() => world.close());

/** A task that has said 30 lines and waits at its gate. */
async function halfWay() {
  const api = server.api();
  const gate = join(world.dir, world.name('gate'));
  const { id } = await api.createTask(script(['count 30', `wait ${gate}`, 'count 30'], { hostId: daemon.hostId }));
  await untilTrue('the first half', async () => (await api.log(id)).map(entryText).includes('line 30'));
  return { api, id, open: () => writeFileSync(gate, '') };
}

/** A task that has ended, and its log by pages. */
async function wholeLog() {
  const { api, id, open } = await halfWay();
  open();
  return { api, id, log: await api.finishedLog(id) };
}

describe('[L11] [C2] server-sent events', () => {
  test('a late watcher gets everything from seq 1, then live, and an end', async () => {
    const { api, id, open } = await halfWay();
    const stream = await api.watch(id);
    expect(stream.status).toBe(200);
    expect(stream.contentType).toContain('text/event-stream');
    await stream.messages.take('line 30', ({ entry }) => entryText(entry) === 'line 30');
    open();
    const messages = await stream.rest();
    expect(messages.map(({ entry }) => entry.seq)).toEqual(messages.map((_, index) => index + 1));
    expect(messages.map(({ id: name }) => name)).toEqual(messages.map(({ entry }) => String(entry.seq)));
    expect(messages.every(({ event }) => event === undefined)).toBe(true);
    expect(messages.map(({ entry }) => entry)).toEqual(await api.finishedLog(id));
    expect(messages.map(({ entry }) => entryText(entry)).at(-1)).toBe('[completed]');
  });

  test('Last-Event-ID gives exactly the rest, and wins over after', async () => {
    const { api, id, open } = await halfWay();
    const first = await api.watch(id);
    const { entry } = await first.messages.take('line 10', (message) => entryText(message.entry) === 'line 10');
    first.close();
    const resumed = await api.watch(id, { lastEventId: entry.seq, after: 1 });
    open();
    const rest = (await resumed.rest()).map((message) => message.entry);
    expect(rest).toEqual((await api.finishedLog(id)).slice(entry.seq));
  });

  test('after is exclusive', async () => {
    const { api, id, log } = await wholeLog();
    const stream = await api.watch(id, { after: 5 });
    expect((await stream.rest()).map(({ entry }) => entry)).toEqual(log.slice(5));
  });

  test('resumed at the terminal entry: ends with nothing', async () => {
    const { api, id, log } = await wholeLog();
    const stream = await api.watch(id, { lastEventId: log.length });
    expect(await stream.rest()).toEqual([]);
  });

  test('a watcher from before the task is assigned sees all of it', async () => {
    const api = server.api();
    const agentType = world.name('rare');
    const { id } = await api.createTask({ ...script(['print hello']), agentType });
    const stream = await api.watch(id);
    await world.onlineDaemon(server, {
      agents: { [agentType]: { protocol: 'text', command: ['/bin/sh', '-c', 'cat'] } },
    });
    const messages = await stream.rest();
    expect(messages.map(({ entry }) => entryText(entry)).slice(-4)).toEqual([
      '[assigned]',
      '[running]',
      'print hello',
      '[completed]',
    ]);
    expect(messages.map(({ entry }) => entry.seq)).toEqual(messages.map((_, index) => index + 1));
  });

  test('an unknown task: 404', async () => {
    const reply = await server.api().request('GET', '/api/tasks/no-such-task/events', {
      headers: { accept: 'text/event-stream' },
    });
    expect(reply).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } });
  });
});

describe('[L11] [C2] the three forms', () => {
  test('pages, SSE and WebSocket give the same entries', async () => {
    const { api, id, log } = await wholeLog();
    const sse = (await (await api.watch(id)).rest()).map(({ entry }) => entry);
    const socket = await watchBySocket(server.url, api.token, id);
    expect(sse).toEqual(log);
    expect(socket).toEqual({ entries: log, code: 1000 });
    expect((await watchBySocket(server.url, api.token, id, 7)).entries).toEqual(log.slice(7));
  });

  test('a WebSocket watcher of a running task gets the rest live', async () => {
    const { api, id, open } = await halfWay();
    const watching = watchBySocket(server.url, api.token, id);
    open();
    expect(await watching).toEqual({ entries: await api.finishedLog(id), code: 1000 });
  });

  test('small pages join to the whole; done only at the end', async () => {
    const { api, id, log } = await wholeLog();
    const joined = [];
    for (let after = 0, done = false; !done; ) {
      const page = await api.page(id, `?after=${after}&limit=7`);
      expect(page.events.length).toBeLessThanOrEqual(7);
      joined.push(...page.events);
      after = page.nextAfter;
      done = page.done;
    }
    expect(joined).toEqual(log);
  });

  test('[C3] without a token: 401, in every form', async () => {
    const { api, id } = await wholeLog();
    expect((await api.request('GET', `/api/tasks/${id}/events`, { token: null })).status).toBe(401);
    const headers = { accept: 'text/event-stream' };
    expect((await api.request('GET', `/api/tasks/${id}/events`, { token: null, headers })).status).toBe(401);
    const socket = new WebSocket(`${server.webSocketUrl}/api/tasks/${id}/events`);
    const status = await new Promise((resolve, reject) => {
      socket.once('unexpected-response', (_, response) => {
        response.resume();
        resolve(response.statusCode);
      });
      socket.once('open', () => reject(new Error('accepted')));
      socket.on('error', reject);
    });
    expect(status).toBe(401);
  });

  test('[L10] another pool sees no such task', async () => {
    const { id } = await wholeLog();
    const stranger = server.api({ pool: 'elsewhere' });
    expect((await stranger.request('GET', `/api/tasks/${id}/events`)).status).toBe(404);
    expect((await stranger.request('GET', `/api/tasks/${id}`)).status).toBe(404);
    expect((await stranger.listTasks()).tasks).toEqual([]);
    expect(await stranger.hosts()).toEqual([]);
  });
});
