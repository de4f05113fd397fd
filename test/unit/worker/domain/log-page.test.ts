import fc from 'fast-check';
import { expect, it } from 'vitest';
import { pageOf } from '../../../../worker/domain/log-page.ts';
import type { Frame } from '../../../../worker/domain/log-row.ts';
import { BEGUN, batch, MemoryLog, record } from './log-fixtures.ts';

function seqOrGap({ text }: Frame): unknown {
  const entry = JSON.parse(text);
  return entry.gap ?? entry.seq;
}

/** 3 status entries, events 4-6, 7, 8-11, the end at 12. */
function sample(): MemoryLog {
  const log = new MemoryLog();
  log.append({ status: BEGUN, batch: batch(1, 3) });
  log.append({ batch: batch(4, 4) });
  log.append({ batch: batch(5, 8), end: [record(4, 'completed')] });
  return log;
}

it('[L11] puts one gap in place of whatever is missing', () => {
  const rows = sample().rows.filter(({ first }) => first === 3 || first === 8);
  const { frames, nextAfter } = pageOf(rows, 0, 12, { entries: 99, bytes: 1e6 });
  expect(frames.map(seqOrGap)).toEqual([{ from: 1, to: 2 }, 3, { from: 4, to: 7 }, 8, 9, 10, 11, { from: 12, to: 12 }]);
  expect(nextAfter).toBe(12);
  expect(pageOf([], 0, 12, { entries: 1, bytes: 1 }).frames.map(seqOrGap)).toEqual([{ from: 1, to: 12 }]);
});

it('[L11] pages cover the log once, however they are cut and whatever is missing', () => {
  const limits = fc.record({ entries: fc.integer({ min: 1, max: 15 }), bytes: fc.integer({ min: 1, max: 1500 }) });
  fc.assert(
    fc.property(limits, fc.subarray(sample().rows), (limit, kept) => {
      const covered: number[] = [];
      let after = 0;
      while (after < 12) {
        const page = pageOf(
          kept.filter(({ first, count }) => first + count - 1 > after),
          after,
          12,
          limit,
        );
        expect(page.frames.length).toBeGreaterThan(0);
        expect(page.frames.length).toBeLessThanOrEqual(limit.entries);
        const bytes = page.frames.reduce((sum, { text }) => sum + text.length, 0);
        expect(page.frames.length === 1 || bytes <= limit.bytes).toBe(true);
        for (const { text } of page.frames) {
          const entry = JSON.parse(text);
          const [from, to] = entry.gap ? [entry.gap.from, entry.gap.to] : [entry.seq, entry.seq];
          for (let seq = from; seq <= to; seq += 1) covered.push(seq);
        }
        after = page.nextAfter;
      }
      expect(covered).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    }),
  );
});

it('takes no more rows than it needs', () => {
  let taken = 0;
  function* counted() {
    for (const row of sample().rows) {
      taken += 1;
      yield row;
    }
  }
  pageOf(counted(), 0, 12, { entries: 2, bytes: 1e6 });
  expect(taken).toBeLessThanOrEqual(3);
});
