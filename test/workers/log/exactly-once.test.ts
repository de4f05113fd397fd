import { evictDurableObject } from 'cloudflare:test';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BEGUN, batch, logStub, readAll, record, request, seqs, sequence, short, watchTask } from './helpers.ts';

/** One thing that a sender, a watcher or the platform may do. */
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('resend'), length: fc.integer({ min: 1, max: 9 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('stray'),
      first: fc.integer({ min: 1, max: 60 }),
      length: fc.integer({ min: 1, max: 9 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('evict') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('watch'), after: fc.integer({ min: 0, max: 40 }) }) },
);
type Step = { kind: string; length?: number; first?: number; after?: number };

const RUNS = 40;
let objects = 0;

async function play(steps: readonly Step[]): Promise<void> {
  objects += 1;
  const log = logStub(`exactly-once-${objects}`);
  await log.append(request('t', { status: BEGUN }));
  let acked = 0;
  const watchers: { after: number; watcher: Awaited<ReturnType<typeof watchTask>> }[] = [];
  for (const { kind, length = 1, first = 1, after = 0 } of steps) {
    if (kind === 'evict') {
      // Only what is awake can be evicted.
      await log.ackedSeq({ taskId: 't', attempt: 1 });
      await evictDurableObject(log);
    }
    if (kind === 'watch') watchers.push({ after, watcher: await watchTask(log, 't', after) });
    if (kind === 'resend' || kind === 'stray') {
      const from = kind === 'resend' ? acked + 1 : first;
      const last = from + length - 1;
      const { stored } = await log.append(request('t', { batch: batch(from, last) }));
      expect(stored).toBe(from > acked + 1 ? acked : Math.max(acked, last));
      acked = stored;
    }
  }
  await log.append(request('t', { end: [record(4, 'completed')] }));
  const { entries } = await readAll(log, 't', 7);
  expect(seqs(entries)).toEqual(sequence(acked + 4));
  expect(entries.slice(3).map(short)).toEqual([...sequence(acked).map((n) => `line ${n}`), 'completed']);
  for (const { after, watcher } of watchers) {
    await watcher.until(({ closed }) => closed !== null);
    expect(watcher.entries).toEqual(entries.slice(after));
  }
}

it('[L3] [L11] overlapping batches in any order of resending give each event once, to readers and watchers alike', async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 30 }), play), { numRuns: RUNS });
});
