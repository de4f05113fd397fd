import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { isAlive } from './harness/proc.ts';
import { script } from './harness/prompt.ts';
import { pidsIn } from './harness/tree.ts';
import { untilTrue } from './harness/wait.ts';
import { said } from './harness/wire.ts';
import { World } from './harness/world.ts';

const world = new World();
afterAll(() => world.close());

/** What a returning host promises for runs that were given away. */
const STOPPED_MS = 10_000;

test('[L2] [L5] [L8] a host lost for longer than the grace: each task as its onHostLost says, and what was given away is stopped', async () => {
  const server = await world.server({ RECONNECT_GRACE_MS: '1000' });
  const api = server.api();
  const lost = await world.onlineDaemon(server, { maxConcurrent: 3 });
  const gate = join(world.dir, world.name('gate'));
  const [requeuedTree, failedTree] = [join(world.dir, world.name('tree')), join(world.dir, world.name('tree'))];
  const requeued = await api.createTask(script([`tree ${requeuedTree}`]));
  const failed = await api.createTask(script([`tree ${failedTree}`], { onHostLost: 'fail' }));
  const kept = await api.createTask(script(['count 20', `wait ${gate}`, 'print last'], { onHostLost: 'wait' }));
  expect(kept).toMatchObject({ onHostLost: 'wait' });
  const pids = [...(await pidsIn(requeuedTree)), ...(await pidsIn(failedTree))];
  // The policy counts from what the server has heard of.
  for (const { id } of [requeued, failed, kept]) await api.untilStatus(id, 'running');

  await lost.crash();
  const other = await world.onlineDaemon(server, { maxConcurrent: 3 });

  expect(await api.untilStatus(failed.id, 'failed')).toMatchObject({ attempt: 1, error: { code: 'host_lost' } });
  const away = await api.untilTask('is on the other host', requeued.id, (task) => task.hostId === other.hostId);
  expect(away).toMatchObject({ attempt: 2 });
  expect(await api.task(kept.id)).toMatchObject({ status: 'running', attempt: 1, hostId: lost.hostId });
  expect(pids.every(isAlive)).toBe(true);

  lost.startAgain();
  await api.untilHost(lost.hostId, 'busy');
  await untilTrue('what was given away is stopped', () => !pids.some(isAlive), STOPPED_MS);
  writeFileSync(gate, '');
  expect(await api.untilStatus(kept.id, 'completed')).toMatchObject({ attempt: 1, hostId: lost.hostId });
  const texts = said(await api.finishedLog(kept.id));
  expect(texts).toEqual([...Array.from({ length: 20 }, (_, index) => `line ${index + 1}`), 'last']);

  await api.untilStatus(requeued.id, 'running');
  expect(await api.abort(requeued.id)).toBe(202);
  expect(await api.untilStatus(requeued.id, 'aborted')).toMatchObject({ attempt: 2 });
});
