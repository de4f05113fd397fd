import { expect, it } from 'vitest';
import { callBackoff, endBackoff } from '../../../../worker/domain/host-backoff.ts';

it('grows from a moment to seconds, spread by a quarter either way', () => {
  expect([1, 2, 3, 20].map((tries) => callBackoff(tries, 0.5))).toEqual([50, 100, 200, 5000]);
  expect([callBackoff(1, 0), callBackoff(20, 1)]).toEqual([38, 6250]);
});

it('tries a kept result for long, at most every minute', () => {
  expect([1, 2, 3, 7, 1000].map(endBackoff)).toEqual([1000, 2000, 4000, 60_000, 60_000]);
});
