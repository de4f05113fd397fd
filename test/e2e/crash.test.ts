import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { script } from './harness/prompt.ts';
import type { Server } from './harness/server.ts';
import { untilTrue } from './harness/wait.ts';
import { type Entry, entryText } from './harness/wire.ts';
import { World } from './harness/world.ts';

const world = new World();
let server: Server;
beforeAll(async () => {
  server = await world.server();
});
afterAll(() => world.close());

function texts(log: Entry[]): string[] {
  return log.flatMap((entry) => ('event' in entry ? [entryText(entry)] : []));
}

function lines(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `line ${index + 1}`);
}

test('[L3] kill -9 of the daemon in mid-task: the same attempt goes on, no event is missing or doubled', async () => {
  const api = server.api();
  const daemon = await world.onlineDaemon(server);
  const gate = join(world.dir, world.name('gate'));
  const body = script(['count 200', `wait ${gate}`, 'count 200'], { hostId: daemon.hostId });
  const { id } = await api.createTask(body);
  await untilTrue('first events', async () => (await api.log(id)).length > 10);
  await daemon.crash();
  await api.untilHost(daemon.hostId, 'offline');
  writeFileSync(gate, '');
  daemon.startAgain();
  const task = await api.untilStatus(id, 'completed');
  expect(task).toMatchObject({ attempt: 1, hostId: daemon.hostId, result: { success: true, exitCode: 0 } });
  const log = await api.finishedLog(id);
  expect(texts(log)).toEqual([...lines(200), ...lines(200)]);
  expect(log.map((entry) => entry.seq)).toEqual(log.map((_, index) => index + 1));
});

test('[L4] the agent ends while no daemon is there: the result is delivered by the next one', async () => {
  const api = server.api();
  const daemon = await world.onlineDaemon(server);
  const gate = join(world.dir, world.name('gate'));
  const over = join(world.dir, world.name('over'));
  const body = script(['print one', `wait ${gate}`, 'print two', `touch ${over}`, 'exit 3'], { hostId: daemon.hostId });
  const { id } = await api.createTask(body);
  await api.untilStatus(id, 'running');
  await daemon.crash();
  writeFileSync(gate, '');
  await untilTrue('the agent has ended', () => existsSync(over));
  daemon.startAgain();
  expect(await api.untilStatus(id, 'failed')).toMatchObject({ attempt: 1, result: { exitCode: 3 } });
  expect(texts(await api.finishedLog(id))).toEqual(['one', 'two']);
});

test('[L7] runs from before a crash count: the next daemon takes no more than it may', async () => {
  const api = server.api();
  const daemon = await world.onlineDaemon(server, { maxConcurrent: 1 });
  const gate = join(world.dir, world.name('gate'));
  const { id: first } = await api.createTask(script([`wait ${gate}`], { hostId: daemon.hostId }));
  await api.untilStatus(first, 'running');
  const { id: second } = await api.createTask(script(['print x'], { hostId: daemon.hostId }));
  await daemon.crash();
  daemon.startAgain();
  await api.untilHost(daemon.hostId, 'busy');
  expect(await api.host(daemon.hostId)).toMatchObject({ activeTasks: [first] });
  expect(await api.task(second)).toMatchObject({ status: 'queued', waiting: { reason: 'all_hosts_busy' } });
  writeFileSync(gate, '');
  await api.untilStatus(first, 'completed');
  await api.untilStatus(second, 'completed');
});

test('[L2] abort while the daemon is dead: aborted at once, the agent is stopped when it returns', async () => {
  const api = server.api();
  const daemon = await world.onlineDaemon(server);
  const up = join(world.dir, world.name('up'));
  const { id } = await api.createTask(script([`touch ${up}`, 'sleep 3600000'], { hostId: daemon.hostId }));
  await untilTrue('the agent is up', () => existsSync(up));
  await daemon.crash();
  await api.untilHost(daemon.hostId, 'offline');
  expect(await api.abort(id)).toBe(202);
  await api.untilStatus(id, 'aborted');
  const agents = () => world.processes().filter(({ command }) => command.includes('script-agent'));
  expect(agents()).toHaveLength(1);
  daemon.startAgain();
  await untilTrue('the agent is gone', () => agents().length === 0);
});
