import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { script } from './harness/prompt.ts';
import type { Server } from './harness/server.ts';
import { World } from './harness/world.ts';

const world = new World();
let server: Server;
beforeAll(async () => {
  server = await world.server({ RECONNECT_GRACE_MS: '2000' });
});
afterAll(() => world.close());

test('[L7] two hosts of two, ten tasks: never more than two at once, all complete, both work', async () => {
  const api = server.api();
  const daemons = [
    await world.onlineDaemon(server, { maxConcurrent: 2 }),
    await world.onlineDaemon(server, { maxConcurrent: 2 }),
  ];
  // A directory of its own in each host's working directory, for the agents' own record.
  const body = script(['occupy record']);
  const created = await Promise.all(Array.from({ length: 10 }, () => api.createTask(body)));
  const done = await Promise.all(created.map(({ id }) => api.untilStatus(id, 'completed')));
  const perHost = daemons.map((daemon) => done.filter((task) => task.hostId === daemon.hostId).length);
  expect(Math.min(...perHost)).toBeGreaterThanOrEqual(2);
  expect(perHost.reduce((sum, count) => sum + count, 0)).toBe(10);
  for (const [index, daemon] of daemons.entries()) {
    const counts = readFileSync(join(daemon.cwd, 'record', 'counts'), 'utf8')
      .trim()
      .split('\n')
      .map(Number);
    expect(counts).toHaveLength(perHost[index] ?? 0);
    expect(Math.max(...counts)).toBeLessThanOrEqual(2);
  }

  // With both gone new tasks wait and say why; they run when one comes back.
  for (const daemon of daemons) {
    await daemon.stop();
    await api.untilHost(daemon.hostId, 'offline');
  }
  const { id } = await api.createTask(script(['print back again']));
  const waiting = await api.untilTask('says why it waits', id, (task) => task.waiting !== undefined);
  expect(waiting).toMatchObject({ status: 'queued', attempt: 0, waiting: { reason: 'no_host_online' } });
  daemons[0]?.startAgain();
  expect(await api.untilStatus(id, 'completed')).toMatchObject({ hostId: daemons[0]?.hostId });
});
