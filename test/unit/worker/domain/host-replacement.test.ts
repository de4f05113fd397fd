import { expect, it } from 'vitest';
import { MAX_REPLACEMENTS, REPLACEMENT_WINDOW_MS } from '../../../../shared/limits.ts';
import { newcomerMustWait, recentReplacements } from '../../../../worker/domain/host-replacement.ts';

const T0 = 1_000_000;
const THREE = [T0, T0 + 10_000, T0 + 20_000];

it('[R5] lets three replacements within the window pass, and turns the next newcomer away', () => {
  expect(newcomerMustWait(THREE.slice(0, MAX_REPLACEMENTS - 1), true, T0 + 20_001)).toBe(null);
  expect(newcomerMustWait(THREE, true, T0 + 20_001)).toBe(REPLACEMENT_WINDOW_MS - 20_001);
});

it('[R5] lets it in when the current connection is silent, or the window has passed', () => {
  expect(newcomerMustWait(THREE, false, T0 + 20_001)).toBe(null);
  expect(newcomerMustWait(THREE, true, T0 + REPLACEMENT_WINDOW_MS)).toBe(null);
});

it('keeps only what still counts', () => {
  expect(recentReplacements([...THREE, T0 + 30_000], T0 + 30_000)).toEqual([T0 + 10_000, T0 + 20_000, T0 + 30_000]);
  expect(recentReplacements(THREE, T0 + 10 * REPLACEMENT_WINDOW_MS)).toEqual([]);
});
