import { abortAllDurableObjects, evictDurableObject } from 'cloudflare:test';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { Client, freshPool, hostStub, registerV2, v2Host } from './client.ts';
import { createTask, event, story, until } from './pool.ts';

const EVENTS = 40;
const registeredSchema = z.object({ runs: z.array(z.object({ verdict: z.string(), ackedSeq: z.int() })) });

/** What happens after some batches have been sent. */
const disturbance = fc.record({
  batches: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 }),
  how: fc.constantFrom('close', 'replace', 'sleep', 'crash'),
});

beforeEach(() => {
  // Objects that are shot down complain.
  for (const level of ['warn', 'error'] as const) vi.spyOn(console, level).mockImplementation(() => {});
});

afterEach(() => {
  vi.restoreAllMocks();
});

function batch(run: object, first: number, count: number): object {
  const numbers = Array.from({ length: count }, (_, index) => first + index);
  return { type: 'task:events', ...run, seq: first, events: numbers.map((n) => event(`e${n}`)) };
}

/** Connects anew with the run on its disk; returns the number after which to go on. */
async function comeBack(pool: string, run: { taskId: string; attempt: number }): Promise<[Client, number]> {
  const host = await Client.connect(pool, 'box');
  host.send(registerV2('box', { runs: [{ ...run, lastSeq: EVENTS, finished: false }] }));
  const [verdict] = registeredSchema.parse(await host.next('registered')).runs;
  expect(verdict?.verdict).toBe('continue');
  return [host, verdict?.ackedSeq ?? 0];
}

it('[L3] every event stands in the log once and in order, whatever happens to the connection', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(disturbance, { maxLength: 3 }), async (disturbances) => {
      const pool = freshPool();
      let host = await v2Host(pool, 'box');
      const view = await createTask(pool);
      const frame = await host.next('task:execute');
      const run = { taskId: view.task.id, attempt: z.int().parse(frame.attempt) };
      host.send({ type: 'task:started', ...run, sessionId: '' });
      await until(
        () => story(view),
        (lines) => lines.includes('running'),
      );
      let next = 1;
      for (const { batches, how } of disturbances) {
        for (const count of batches) {
          if (next + count > EVENTS) break;
          host.send(batch(run, next, count));
          next += count;
        }
        if (how === 'sleep') {
          // Only what is awake can fall asleep.
          await hostStub(pool, 'box').lastSeen();
          await evictDurableObject(hostStub(pool, 'box'));
        } else {
          if (how === 'close') host.close();
          if (how === 'crash') await abortAllDurableObjects();
          const [again, acked] = await comeBack(pool, run);
          host = again;
          next = acked + 1;
        }
      }
      if (next <= EVENTS) host.send(batch(run, next, EVENTS - next + 1));
      host.send({ type: 'task:completed', ...run, seq: EVENTS, result: { success: true } });
      const settled = await host.next('task:settled');
      expect(settled.outcome).toBe('committed');
      const told = await until(
        () => story(view),
        (lines) => lines.at(-1) === 'completed',
      );
      const expected = Array.from({ length: EVENTS }, (_, index) => `e${index + 1}`);
      expect(told.slice(told.indexOf('running') + 1)).toEqual([...expected, 'completed']);
      host.close();
    }),
    { numRuns: 25, timeout: 20_000 },
  );
}, 60_000);
