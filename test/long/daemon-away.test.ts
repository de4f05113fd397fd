import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { isAlive } from '../e2e/harness/proc.ts';
import { script } from '../e2e/harness/prompt.ts';
import { pidsIn } from '../e2e/harness/tree.ts';
import { sleep, untilTrue } from '../e2e/harness/wait.ts';
import { said } from '../e2e/harness/wire.ts';
import { World } from '../e2e/harness/world.ts';
import { beginnings, drops } from './lines.ts';

const AWAY_MS = 20_000;
const DROPS = 4_000;
/** `RECONNECT_GRACE_MS` by default, and room for what follows. */
const LOST_MS = 150_000;
/** [L2] of the specification: an agent that was given away is stopped so soon after its host is back. */
const STOPPED_MS = 10_000;

const world = new World();
afterAll(() => world.close());

test('[L3][L8] kill -9 of the daemon, started again 20 s later: the same attempt goes on, no event missing', async () => {
  const server = await world.server();
  const api = server.api();
  const daemon = await world.onlineDaemon(server);
  const { id } = await api.createTask(script([`drip ${DROPS}`]));
  await api.untilStatus(id, 'running');
  await daemon.crash();
  await sleep(AWAY_MS);
  daemon.startAgain();
  expect(await api.finished(id, LOST_MS)).toMatchObject({ status: 'completed', attempt: 1 });
  const log = await api.finishedLog(id);
  expect(said(log)).toEqual(drops(DROPS));
  expect(beginnings(log)).toBe(1);
});

test('[L2][L5][L8] kill -9 of the daemon, not started again: attempt 2 elsewhere after the grace; the first agent is stopped when its host is back', async () => {
  const server = await world.server();
  const api = server.api();
  const lost = await world.onlineDaemon(server);
  const tree = join(world.dir, 'first');
  // The path tells the first agent from the second one, which finds it taken.
  const { id } = await api.createTask(script(['print begun', `tree ${tree}`]));
  await api.untilStatus(id, 'running');
  const first = await pidsIn(tree);
  const other = await world.onlineDaemon(server);
  await lost.crash();
  await api.untilTask('runs elsewhere', id, (task) => task.status === 'running' && task.attempt === 2, LOST_MS);
  expect(await api.task(id)).toMatchObject({ hostId: other.hostId });
  expect(first.every(isAlive)).toBe(true);

  lost.startAgain();
  await api.untilHost(lost.hostId, 'online');
  await untilTrue('the end of the first agent and its tree', () => !first.some(isAlive), STOPPED_MS);
  expect(await api.task(id)).toMatchObject({ status: 'running', attempt: 2, hostId: other.hostId });
  await api.abort(id);
  await api.finished(id);
});
