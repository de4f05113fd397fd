import { describe, expect, test } from 'vitest';
import {
  divideKept,
  KEEP_SETTLED_MS,
  type KeptRun,
  MAX_KEPT_BYTES,
  MAX_KEPT_RUNS,
} from '../../../../gateway/domain/kept-runs.ts';

const NOW = 1_000_000_000;
const run = (name: string, age: number, bytes = 1): KeptRun => ({ name, settledAt: NOW - age, bytes });
const kept = (...runs: KeptRun[]) => divideKept(runs, NOW).keep.map(({ name }) => name);

describe('settled runs', () => {
  test('are kept for their time, and not longer', () => {
    expect(kept(run('old', KEEP_SETTLED_MS), run('young', KEEP_SETTLED_MS - 1))).toEqual(['young']);
  });

  test('are kept up to a number, the latest ones', () => {
    const runs = Array.from({ length: MAX_KEPT_RUNS + 5 }, (_, age) => run(`r${age}`, age));
    const { keep, remove } = divideKept(runs.toReversed(), NOW);
    expect(keep.map(({ name }) => name)).toEqual(runs.slice(0, MAX_KEPT_RUNS).map(({ name }) => name));
    expect(remove).toHaveLength(5);
  });

  test('are kept up to a size, the latest ones', () => {
    const half = MAX_KEPT_BYTES / 2;
    expect(kept(run('first', 3, half), run('second', 2, half), run('third', 1, half))).toEqual(['third', 'second']);
  });

  test('do not stay for ever because the clock was set back', () => {
    const { keep } = divideKept([run('later', -10 * KEEP_SETTLED_MS)], NOW);
    expect(divideKept(keep, NOW + KEEP_SETTLED_MS).remove).toHaveLength(1);
  });
});
