import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isAlive } from './harness/proc.ts';
import { script } from './harness/prompt.ts';
import type { Server } from './harness/server.ts';
import { pidsIn } from './harness/tree.ts';
import { untilTrue } from './harness/wait.ts';
import { World } from './harness/world.ts';

const world = new World();
let server: Server;
beforeAll(async () => {
  server = await world.server();
});
afterAll(() => world.close());

/** The promise: TERM, 5 s, KILL, and a second for the sweep. */
const GONE_MS = 6_000;

test('[L5] abort: setsid, TERM-ignoring and double-forked processes are gone within 6 s, status aborted', async () => {
  const api = server.api();
  const daemon = await world.onlineDaemon(server);
  const dir = join(world.dir, world.name('tree'));
  const { id } = await api.createTask(script([`tree ${dir}`], { hostId: daemon.hostId }));
  const pids = await pidsIn(dir);
  expect(pids.every(isAlive)).toBe(true);
  expect(await api.abort(id)).toBe(202);
  await untilTrue('the whole tree is gone', () => !pids.some(isAlive), GONE_MS);
  expect(await api.untilStatus(id, 'aborted')).toMatchObject({ error: { code: 'aborted' } });
});

test('[L5] time limit: the same tree is gone, status timeout', async () => {
  const api = server.api();
  const daemon = await world.onlineDaemon(server);
  const dir = join(world.dir, world.name('tree'));
  const { id } = await api.createTask(script([`tree ${dir}`], { hostId: daemon.hostId, timeout: 4_000 }));
  const pids = await pidsIn(dir);
  const task = await api.untilStatus(id, 'timeout');
  expect(task).toMatchObject({ error: { code: 'timeout' } });
  await untilTrue('the whole tree is gone', () => !pids.some(isAlive), GONE_MS);
});
