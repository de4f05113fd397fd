import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RateWindows, WINDOW_MS } from '../../../../worker/domain/rate-window.ts';

const T0 = 1_000_000;

it('[R29] lets a key have its share in each minute, and says how long to wait', () => {
  const windows = new RateWindows(2);
  expect([0, 10, 20, 30].map((after) => windows.take('a', T0 + after))).toEqual([0, 0, WINDOW_MS - 20, WINDOW_MS - 30]);
  expect(windows.take('b', T0 + 30)).toBe(0);
  expect(windows.take('a', T0 + WINDOW_MS - 1)).toBe(1);
  expect(windows.take('a', T0 + WINDOW_MS)).toBe(0);
});

it('[R29] whatever the order of calls: at most its share in a window, and what it was told to wait is enough', () => {
  const calls = fc.array(
    fc.record({ key: fc.constantFrom('a', 'b', 'c'), after: fc.integer({ min: 0, max: 20_000 }) }),
  );
  fc.assert(
    fc.property(calls, fc.integer({ min: 1, max: 5 }), (list, most) => {
      const windows = new RateWindows(most);
      const taken: { key: string; at: number }[] = [];
      let now = T0;
      for (const { key, after } of list) {
        now += after;
        const waitMs = windows.take(key, now);
        if (waitMs === 0) taken.push({ key, at: now });
        else expect(waitMs).toBeLessThanOrEqual(WINDOW_MS);
      }
      for (const first of taken) {
        const near = taken.filter(({ key, at }) => key === first.key && at >= first.at && at < first.at + WINDOW_MS);
        // Two neighbouring windows at most.
        expect(near.length).toBeLessThanOrEqual(2 * most);
      }
    }),
  );
});

it('[R29] holds a bounded number of keys, whoever sends them', () => {
  const windows = new RateWindows(1);
  for (let n = 0; n < 25_000; n += 1) expect(windows.take(`key ${n}`, T0)).toBe(0);
  expect(windows.size).toBeLessThanOrEqual(10_000);
});
