import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { script } from './harness/prompt.ts';
import type { Server } from './harness/server.ts';
import { untilTrue } from './harness/wait.ts';
import { entryText } from './harness/wire.ts';
import { World } from './harness/world.ts';

const world = new World();
afterAll(() => world.close());

const ways: { how: string; end: (server: Server) => Promise<unknown> }[] = [
  { how: 'SIGTERM', end: async (server) => expect(await server.stop()).toBe(0) },
  { how: 'kill -9', end: (server) => server.crash() },
];

describe.each(ways)('[L1] the server after $how', ({ end }) => {
  test('[C4] tasks, logs and hosts are there again, and work goes on', async () => {
    const server = await world.server();
    const api = server.api();
    const daemon = await world.onlineDaemon(server);
    const gate = join(world.dir, world.name('gate'));
    const finished = await api.createTask(script(['count 50', 'error tail'], { metadata: { ticket: 7 } }));
    const before = await api.untilStatus(finished.id, 'completed');
    const logBefore = await api.finishedLog(finished.id);
    const waiting = await api.createTask(script(['print x'], { hostId: 'never-seen' }));
    const running = await api.createTask(script(['print one', `wait ${gate}`, 'print two']));
    await api.untilStatus(running.id, 'running');

    await end(server);
    await server.startAgain();

    expect(await api.task(finished.id)).toEqual(before);
    expect(await api.log(finished.id)).toEqual(logBefore);
    expect(await api.task(waiting.id)).toMatchObject({ status: 'queued', attempt: 0 });
    const listed = (await api.listTasks()).tasks.map((task) => task.id);
    expect(listed).toEqual([running.id, waiting.id, finished.id]);
    expect((await api.hosts()).map((host) => host.hostId)).toEqual([daemon.hostId]);

    writeFileSync(gate, '');
    expect(await api.untilStatus(running.id, 'completed')).toMatchObject({ attempt: 1, hostId: daemon.hostId });
    const log = await api.finishedLog(running.id);
    expect(log.map((entry) => entry.seq)).toEqual(log.map((_, index) => index + 1));
    expect(log.map(entryText).slice(-5)).toEqual(['[assigned]', '[running]', 'one', 'two', '[completed]']);
    await api.untilHost(daemon.hostId, 'online');
  });

  test('[L4] a result that came while the server was away arrives', async () => {
    const server = await world.server();
    const api = server.api();
    await world.onlineDaemon(server);
    const gate = join(world.dir, world.name('gate'));
    const over = join(world.dir, world.name('over'));
    const { id } = await api.createTask(script(['print one', `wait ${gate}`, 'count 300', `touch ${over}`]));
    await api.untilStatus(id, 'running');
    await end(server);
    writeFileSync(gate, '');
    await untilTrue('the agent has ended', () => existsSync(over));
    await server.startAgain();
    expect(await api.untilStatus(id, 'completed')).toMatchObject({ attempt: 1, result: { success: true } });
    const texts = (await api.finishedLog(id)).flatMap((entry) => ('event' in entry ? [entryText(entry)] : []));
    expect(texts).toEqual(['one', ...Array.from({ length: 300 }, (_, index) => `line ${index + 1}`)]);
  });
});

test('[L1] every task that was answered 201 is there after kill -9', async () => {
  const server = await world.server();
  const api = server.api();
  const created: string[] = [];
  let stopped = false;
  const client = async () => {
    while (!stopped) {
      const reply = await api
        .request('POST', '/api/tasks', { body: { prompt: 'p', hostId: 'nobody' } })
        .catch(() => undefined);
      if (reply === undefined) return;
      expect(reply.status).toBe(201);
      if (typeof reply.body === 'object' && reply.body !== null && 'id' in reply.body)
        created.push(String(reply.body.id));
    }
  };
  const clients = [client(), client(), client(), client()];
  await untilTrue('some tasks', () => created.length >= 40);
  await server.crash();
  stopped = true;
  await Promise.all(clients);
  await server.startAgain();
  for (const id of created) expect(await api.task(id)).toMatchObject({ id, status: 'queued' });
});
