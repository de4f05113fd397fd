import { afterAll, expect, test } from 'vitest';
import { EXIT } from '../../gateway/exit-codes.ts';
import { script } from './harness/prompt.ts';
import { within } from './harness/wait.ts';
import { World } from './harness/world.ts';

const world = new World();
afterAll(() => world.close());

test('[R5] two living daemons of one host id: the newer one stays, the older one stops and says why', async () => {
  const server = await world.server();
  const api = server.api();
  const older = await world.onlineDaemon(server);
  const { id: first } = await api.createTask(script(['print begun', 'drip 300', 'print over']));
  await api.untilStatus(first, 'running');

  const newer = await world.onlineDaemon(server, { hostId: older.hostId });
  expect(await within('end of the older daemon', older.child.exited)).toEqual({ code: EXIT.REPLACED, signal: null });
  expect(older.child.output()).toContain('another daemon connected under the same host id');

  const { id } = await api.createTask(script(['print from the newer']));
  expect(await api.untilStatus(id, 'completed')).toMatchObject({ attempt: 1, hostId: newer.hostId });
  expect(newer.child.ended).toBe(false);
  // The newer one knows nothing of the first task: it is lost to this host, and runs there anew.
  expect(await api.untilStatus(first, 'completed')).toMatchObject({ attempt: 2 });
  const log = await api.finishedLog(first);
  expect(log.filter((entry) => 'status' in entry && entry.status === 'completed')).toHaveLength(1);
});
