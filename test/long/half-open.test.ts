import { afterAll, expect, test } from 'vitest';
import { FaultyLink } from '../chaos/link.ts';
import { script } from '../e2e/harness/prompt.ts';
import { said } from '../e2e/harness/wire.ts';
import { World } from '../e2e/harness/world.ts';

/** `START_TIMEOUT_MS` by default: so long may a host leave an execute unanswered before it is suspect. */
const SUSPECT_MS = 15_000;
/** For the start itself. */
const SLACK_MS = 5_000;
const TASKS = 8;

const world = new World();
afterAll(() => world.close());

test('[L1][L6] a half-open host with free slots while tasks queue: none is lost or waits for longer than it takes to suspect the host', async () => {
  const server = await world.server();
  const api = server.api();
  const link = await FaultyLink.open(Number(new URL(server.url).port));
  world.onClose(() => link.close());
  const hostId = 'half-open';
  world.daemon({
    serverUrl: `ws://127.0.0.1:${link.port}`,
    hostId,
    token: server.hostToken(hostId),
    maxConcurrent: TASKS,
  });
  await api.untilHost(hostId, 'online');
  await world.onlineDaemon(server, { maxConcurrent: TASKS });

  link.set('swallow');
  const tasks = [];
  for (let index = 0; index < TASKS; index += 1) tasks.push(await api.createTask(script(['print done'])));
  let offeredInVain = 0;
  for (const { id } of tasks) {
    const task = await api.finished(id, 4 * SUSPECT_MS);
    expect(task).toMatchObject({ status: 'completed' });
    const log = await api.finishedLog(id);
    expect(said(log)).toEqual(['done']);
    if (log.some((entry) => 'status' in entry && entry.status === 'assigned' && entry.hostId === hostId))
      offeredInVain += 1;
    expect((task.startedAt ?? Number.POSITIVE_INFINITY) - task.createdAt).toBeLessThan(SUSPECT_MS + SLACK_MS);
  }
  expect(offeredInVain).toBeGreaterThan(0);
});
