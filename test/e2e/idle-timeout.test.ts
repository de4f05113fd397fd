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
  await world.onlineDaemon(server);
});
afterAll(() => world.close());

/** TERM, 5 s, KILL, and a second for the sweep. */
const GONE_MS = 6_000;

test('[L5] [R16] an agent without a sign of life is ended with all that it started, and the error says why', async () => {
  const api = server.api();
  const dir = join(world.dir, world.name('tree'));
  const { id } = await api.createTask(script(['print begun', `tree ${dir}`], { idleTimeout: 2_000 }));
  const pids = await pidsIn(dir);
  const task = await api.untilStatus(id, 'timeout');
  expect(task).toMatchObject({
    idleTimeout: 2_000,
    error: { code: 'idle_timeout', message: expect.stringContaining('2000 ms') },
  });
  await untilTrue('the whole tree is gone', () => !pids.some(isAlive), GONE_MS);
});

test('[R16] work without output and output without much work are signs of life; the time limit is another matter', async () => {
  const api = server.api();
  const body = script(['work 5000', 'drip 400'], { idleTimeout: 2_000 });
  const { id } = await api.createTask(body);
  expect(await api.untilStatus(id, 'completed')).toMatchObject({ result: { success: true } });
  const limited = await api.createTask(script(['work 60000'], { idleTimeout: 2_000, timeout: 3_000 }));
  expect(await api.untilStatus(limited.id, 'timeout')).toMatchObject({ error: { code: 'timeout' } });
});
