import { afterAll, expect, test } from 'vitest';
import { script } from './harness/prompt.ts';
import { pidsIn } from './harness/tree.ts';
import { untilTrue } from './harness/wait.ts';
import { World } from './harness/world.ts';

const world = new World();
afterAll(() => world.close());

test('[L5] after work of all kinds and an orderly end nothing is left running, nor any temporary file', async () => {
  const server = await world.server();
  const api = server.api();
  const daemon = await world.onlineDaemon(server, { maxConcurrent: 4 });
  const good = await api.createTask(script(['count 10']));
  const bad = await api.createTask(script(['exit 2']));
  const late = await api.createTask(script(['sleep 3600000'], { timeout: 1_000 }));
  const tree = world.directory('tree');
  const unwanted = await api.createTask(script([`tree ${tree}`]));
  await pidsIn(tree);
  expect(await api.abort(unwanted.id)).toBe(202);
  await api.untilStatus(good.id, 'completed');
  await api.untilStatus(bad.id, 'failed');
  await api.untilStatus(late.id, 'timeout');
  await api.untilStatus(unwanted.id, 'aborted');
  expect(await daemon.stop()).toBe(0);
  expect(await server.stop()).toBe(0);
  await untilTrue('nothing is running', () => world.processes().length === 0).catch(() => undefined);
  expect(world.processes()).toEqual([]);
  expect(world.temporaryFiles()).toEqual([]);
});
