import { afterAll, expect, test } from 'vitest';
import { script } from '../e2e/harness/prompt.ts';
import { sleep } from '../e2e/harness/wait.ts';
import { said } from '../e2e/harness/wire.ts';
import { World } from '../e2e/harness/world.ts';
import { beginnings, drops, isGapless } from './lines.ts';

const AWAY_MS = 5 * 60_000;
/** The longest backoff of a gateway, and room for what follows. */
const BACK_MS = 120_000;
/** Some 15 s of work: over long before the server is back. */
const DROPS = 1_500;

const world = new World();
afterAll(() => world.close());

test('[L1][L3][L4][L8] the server away for five minutes: what ended meanwhile arrives whole, what runs goes on, nothing is run twice', async () => {
  const server = await world.server();
  const api = server.api();
  for (let host = 0; host < 3; host += 1) await world.onlineDaemon(server, { maxConcurrent: 2 });
  const create = async (commands: string[]) => (await api.createTask(script(commands))).id;
  const ending = await Promise.all(Array.from({ length: 4 }, () => create([`drip ${DROPS}`])));
  const lasting = await Promise.all(
    Array.from({ length: 2 }, () => create(['drip 100', `sleep ${AWAY_MS + BACK_MS}`, 'print the end'])),
  );
  await Promise.all([...ending, ...lasting].map((id) => api.untilStatus(id, 'running')));

  await server.crash();
  await sleep(AWAY_MS);
  await server.startAgain();

  for (const [ids, expected] of [
    [ending, drops(DROPS)],
    [lasting, [...drops(100), 'the end']],
  ] as const) {
    for (const id of ids) {
      expect(await api.finished(id, 2 * BACK_MS)).toMatchObject({ status: 'completed', attempt: 1 });
      const log = await api.finishedLog(id);
      expect(said(log)).toEqual(expected);
      expect(beginnings(log)).toBe(1);
      expect(isGapless(log)).toBe(true);
    }
  }
});
