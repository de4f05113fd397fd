import { afterEach, beforeEach, expect, test } from 'vitest';
import { FaultyLink, type LinkMode } from '../chaos/link.ts';
import { script } from '../e2e/harness/prompt.ts';
import { sleep } from '../e2e/harness/wait.ts';
import { said } from '../e2e/harness/wire.ts';
import { World } from '../e2e/harness/world.ts';
import { beginnings, drops, isGapless } from './lines.ts';

const CUT_MS = 20_000;
/** Longer than the cut and the backoff after it. */
const DROPS = 4_000;
/** A gateway notices a dead connection after two heartbeats, and may wait for the longest backoff then. */
const BACK_MS = 240_000;
const HOSTS = 3;

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.close());

test.each<LinkMode>(['refuse', 'swallow'])(
  '[L3][L8] every gateway cut off for 20 s (%s): no task is run twice',
  async (mode) => {
    const server = await world.server();
    const api = server.api();
    const links: FaultyLink[] = [];
    for (let index = 1; index <= HOSTS; index += 1) {
      const link = await FaultyLink.open(Number(new URL(server.url).port));
      world.onClose(() => link.close());
      links.push(link);
      const hostId = `host-${index}`;
      world.daemon({
        serverUrl: `ws://127.0.0.1:${link.port}`,
        hostId,
        token: server.hostToken(hostId),
        maxConcurrent: 2,
      });
      await api.untilHost(hostId, 'online');
    }
    const tasks = await Promise.all(Array.from({ length: 2 * HOSTS }, () => api.createTask(script([`drip ${DROPS}`]))));
    await Promise.all(tasks.map(({ id }) => api.untilStatus(id, 'running')));

    for (const link of links) link.set(mode);
    await sleep(CUT_MS);
    for (const link of links) link.set('pass');

    for (const { id } of tasks) {
      expect(await api.finished(id, BACK_MS)).toMatchObject({ status: 'completed', attempt: 1 });
      const log = await api.finishedLog(id);
      expect(said(log)).toEqual(drops(DROPS));
      expect(beginnings(log)).toBe(1);
      expect(isGapless(log)).toBe(true);
    }
  },
);
