import { afterAll, expect, test } from 'vitest';
import { script } from './harness/prompt.ts';
import { until } from './harness/wait.ts';
import { entryText } from './harness/wire.ts';
import { World } from './harness/world.ts';

const world = new World();
afterAll(() => world.close());

const DROPS = 600;

test('[L3] kill -9 of the server and of the daemon in turn: every line once, in order, in one attempt', async () => {
  const server = await world.server();
  const api = server.api();
  const daemon = await world.onlineDaemon(server);
  const { id } = await api.createTask(script([`drip ${DROPS}`]));
  const reached = (count: number) =>
    until(`${count} entries in the log`, async () => {
      const entries = await api.log(id).catch(() => []);
      return entries.length >= count ? true : undefined;
    });

  await reached(20);
  await server.crash();
  await server.startAgain();
  await reached(60);
  await daemon.crash();
  daemon.startAgain();
  await reached(120);
  await server.crash();
  await daemon.crash();
  daemon.startAgain();
  await server.startAgain();

  const task = await api.untilStatus(id, 'completed');
  expect(task).toMatchObject({ attempt: 1, result: { success: true, exitCode: 0 } });
  const log = await api.finishedLog(id);
  const drops = log.flatMap((entry) => ('event' in entry ? [entryText(entry)] : []));
  expect(drops).toEqual(Array.from({ length: DROPS }, (_, index) => `drop ${index + 1}`));
  expect(log.map((entry) => entry.seq)).toEqual(log.map((_, index) => index + 1));
});
