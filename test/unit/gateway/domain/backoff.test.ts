import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BACKOFF_JITTER, backoffMs, MAX_BACKOFF_MS } from '../../../../gateway/domain/backoff.ts';
import { serverSettingsSchema } from '../../../../shared/settings.ts';

const MIDDLE = 0.5;

test('[C1] waits 1, 2, 4, 8 … at most 60 seconds', () => {
  const waits = Array.from({ length: 8 }, (_, failures) => backoffMs(failures, MIDDLE));
  expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
});

test('[C1] each within a quarter of that, and never beyond 60 seconds', () => {
  fc.assert(
    fc.property(fc.nat(2000), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (failures, random) => {
      const base = Math.min(1000 * 2 ** failures, MAX_BACKOFF_MS);
      const wait = backoffMs(failures, random);
      expect(wait).toBeGreaterThanOrEqual(Math.floor(base * (1 - BACKOFF_JITTER)));
      expect(wait).toBeLessThanOrEqual(Math.min(Math.ceil(base * (1 + BACKOFF_JITTER)), MAX_BACKOFF_MS));
    }),
  );
});

test('the server may ask for longer, but not beyond 60 seconds', () => {
  expect(backoffMs(0, MIDDLE, 5000)).toBe(5000);
  expect(backoffMs(4, MIDDLE, 5000)).toBe(16_000);
  expect(backoffMs(0, MIDDLE, 3_600_000)).toBe(MAX_BACKOFF_MS);
});

test('[L8] the longest wait is shorter than the grace for which the server keeps the tasks', () => {
  expect(MAX_BACKOFF_MS).toBeLessThan(serverSettingsSchema.parse({}).RECONNECT_GRACE_MS);
});
