import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Daemon } from './harness/daemon.ts';
import { script } from './harness/prompt.ts';
import type { Server } from './harness/server.ts';
import { entryText } from './harness/wire.ts';
import { World } from './harness/world.ts';

const world = new World();
let server: Server;
let blue: Daemon;
let green: Daemon;
beforeAll(async () => {
  server = await world.server();
  blue = await world.onlineDaemon(server, { env: { GATEWAY_LABELS: 'colour=blue,size=big' } });
  green = await world.onlineDaemon(server, { env: { GATEWAY_LABELS: 'colour=green,size=big' } });
});
afterAll(() => world.close());

describe('[C2] creating', () => {
  test('[R23] a whole task: its fields, its result, no values of env', async () => {
    const api = server.api();
    const body = script(['print hello', 'env COLOUR', 'env SHADE', 'error warned', 'cwd'], {
      env: { COLOUR: 'blue-secret', SHADE: 'dark' },
      metadata: { ticket: 7 },
      timeout: 60_000,
    });
    const created = await api.createTask(body);
    expect(created).toMatchObject({
      prompt: body.prompt,
      agentType: 'script',
      envNames: ['COLOUR', 'SHADE'],
      timeout: 60_000,
    });
    const task = await api.untilStatus(created.id, 'completed');
    expect(task).toMatchObject({ metadata: { ticket: 7 }, attempt: 1, result: { success: true, exitCode: 0 } });
    expect(task.result?.duration).toBeGreaterThan(0);
    expect(task.result?.output).toContain('hello');
    expect(task.startedAt).toBeGreaterThanOrEqual(task.createdAt);
    expect(task.finishedAt).toBeGreaterThanOrEqual(task.startedAt ?? Number.POSITIVE_INFINITY);
    expect(task.result?.output).toContain('COLOUR=[redacted]\nSHADE=dark');
    const log = await api.finishedLog(task.id);
    expect(log.map(entryText)).toContain('COLOUR=[redacted]');
    expect(JSON.stringify([task, log])).not.toContain('blue-secret');
  });

  test('Idempotency-Key: a repeat returns the first, another body 409, another sub its own', async () => {
    const api = server.api();
    const headers = { 'idempotency-key': world.name('key') };
    const body = { prompt: 'once', hostId: 'nobody' };
    const first = await api.createTask(body, headers);
    const repeats = await Promise.all(
      Array.from({ length: 5 }, () => api.request('POST', '/api/tasks', { body, headers })),
    );
    for (const repeat of repeats) expect(repeat).toMatchObject({ status: 201, body: { id: first.id } });
    const other = await api.request('POST', '/api/tasks', { body: { ...body, prompt: 'twice' }, headers });
    expect(other).toMatchObject({ status: 409, body: { error: { code: 'idempotency_conflict' } } });
    const { id } = await server.api({ sub: 'somebody' }).createTask(body, headers);
    expect(id).not.toBe(first.id);
  });

  test('Idempotency-Key: many at once make one task', async () => {
    const api = server.api();
    const headers = { 'idempotency-key': world.name('key') };
    const body = { prompt: 'race', hostId: 'nobody' };
    const replies = await Promise.all(Array.from({ length: 8 }, () => api.createTask(body, headers)));
    expect(new Set(replies.map((task) => task.id)).size).toBe(1);
  });
});

describe('[C2] listing', () => {
  test('newest first, by pages, by status, by host', async () => {
    const pool = world.name('pool');
    const api = server.api({ pool });
    const ids: string[] = [];
    for (let index = 0; index < 7; index += 1) {
      ids.unshift((await api.createTask({ prompt: `${index}`, hostId: index % 2 === 0 ? 'even' : 'odd' })).id);
    }
    const paged: string[] = [];
    for (let query = '?limit=3'; ; ) {
      const { tasks, nextCursor } = await api.listTasks(query);
      expect(tasks.length).toBeLessThanOrEqual(3);
      paged.push(...tasks.map((task) => task.id));
      if (nextCursor === null) break;
      query = `?limit=3&cursor=${nextCursor}`;
    }
    expect(paged).toEqual(ids);
    expect((await api.listTasks('?hostId=odd')).tasks.map((task) => task.id)).toEqual([ids[1], ids[3], ids[5]]);
    const [newest = '', ...older] = ids;
    expect(await api.abort(newest)).toBe(202);
    await api.untilStatus(newest, 'aborted');
    expect((await api.listTasks('?status=aborted')).tasks.map((task) => task.id)).toEqual([newest]);
    expect((await api.listTasks('?status=queued')).tasks.map((task) => task.id)).toEqual(older);
    expect((await api.listTasks('?status=queued&hostId=odd&limit=1')).tasks.map((task) => task.id)).toEqual([ids[1]]);
  });
});

describe('[C2] placement', () => {
  test("every pair of labels must equal the host's", async () => {
    const api = server.api();
    const wanted = [
      { labels: { colour: 'green' }, host: green },
      { labels: { colour: 'blue', size: 'big' }, host: blue },
    ];
    for (const { labels, host } of wanted) {
      const { id } = await api.createTask(script(['print x'], { labels }));
      expect(await api.untilStatus(id, 'completed')).toMatchObject({ hostId: host.hostId });
    }
  });

  test('a named host is the one', async () => {
    const api = server.api();
    const tasks = await Promise.all(
      Array.from({ length: 4 }, () => api.createTask(script(['print x'], { hostId: green.hostId }))),
    );
    for (const { id } of tasks) expect((await api.untilStatus(id, 'completed')).hostId).toBe(green.hostId);
  });

  test.each([
    { body: { agentType: 'never-heard-of' }, reason: 'no_host_with_agent' },
    { body: { hostId: 'never-seen' }, reason: 'unknown_host' },
    { body: { labels: { colour: 'green', size: 'small' } }, reason: 'no_host_with_labels' },
  ])('waits with its reason: $reason', async ({ body, reason }) => {
    const api = server.api();
    const { id } = await api.createTask(script(['print x'], body));
    const task = await api.untilTask('says why it waits', id, (each) => each.waiting !== undefined);
    expect(task).toMatchObject({ status: 'queued', attempt: 0, waiting: { reason } });
    expect(task.waiting?.message).not.toBe('');
  });
});

describe('[C5] outcomes', () => {
  test('a failing agent: agent_failed, exit code in the result, tail of stderr in the details', async () => {
    const api = server.api();
    const { id } = await api.createTask(script(['print half', 'error the disk is full', 'exit 7']));
    const task = await api.untilStatus(id, 'failed');
    expect(task).toMatchObject({
      attempt: 1,
      error: { code: 'agent_failed' },
      result: { success: false, exitCode: 7 },
    });
    expect(JSON.stringify(task.error?.details)).toContain('the disk is full');
  });

  test('stderr lines are log events marked as such', async () => {
    const api = server.api();
    const { id } = await api.createTask(script(['error careful']));
    await api.untilStatus(id, 'completed');
    const log = await api.finishedLog(id);
    const event = log.flatMap((entry) => ('event' in entry ? [entry.event] : []));
    expect(event).toMatchObject([{ type: 'log', content: 'careful', data: { stream: 'stderr' } }]);
  });

  test('a directory outside the allowed roots never runs: failed, refused', async () => {
    const api = server.api();
    const { id } = await api.createTask(script(['print x'], { hostId: blue.hostId, cwd: '/etc' }));
    expect(await api.untilStatus(id, 'failed')).toMatchObject({ error: { code: 'refused' } });
  });

  test('input reaches a program that keeps reading; one that does not says so', async () => {
    const api = server.api();
    const chat = await api.createTask({ agentType: 'chat', prompt: 'print ready\n' });
    await api.untilStatus(chat.id, 'running');
    expect(await api.input(chat.id, 'print heard you')).toBe(202);
    expect(await api.input(chat.id, 'exit 0')).toBe(202);
    await api.untilStatus(chat.id, 'completed');
    expect((await api.finishedLog(chat.id)).map(entryText)).toContain('heard you');

    const deaf = await api.createTask(script(['sleep 3600000']));
    await api.untilStatus(deaf.id, 'running');
    const reply = await api.request('POST', `/api/tasks/${deaf.id}/input`, { body: { content: 'x' } });
    expect(reply).toMatchObject({ status: 409, body: { error: { code: 'input_unsupported' } } });
    expect(await api.abort(deaf.id)).toBe(202);
    await api.untilStatus(deaf.id, 'aborted');
  });
});
