import fc from 'fast-check';
import { expect, test } from 'vitest';
import { drawPlan, FAULT_KINDS } from './plan.ts';

const HOSTS = 3;

function steps(seed: number, seconds: number) {
  const { hosts, runs, server } = drawPlan(seed, seconds, HOSTS);
  return [...hosts.flat(), ...runs.flat(), ...server];
}

test('the same seed draws the same plan, another seed another', () => {
  expect(drawPlan(5, 60, HOSTS)).toEqual(drawPlan(5, 60, HOSTS));
  expect(drawPlan(5, 60, HOSTS)).not.toEqual(drawPlan(6, 60, HOSTS));
});

test('no sequence lasts longer than the run', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 120 }), (seed, seconds) => {
      const { hosts, runs, server } = drawPlan(seed, seconds, HOSTS);
      for (const sequence of [...hosts, ...runs, server]) {
        const ms = sequence.reduce((sum, { afterMs, holdMs }) => sum + afterMs + holdMs, 0);
        expect(ms).toBeLessThanOrEqual(seconds * 1_000);
      }
    }),
    { numRuns: 30 },
  );
});

test('ten minutes hold more than 300 faults, and every kind', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const plan = steps(seed, 600);
      expect(plan.length).toBeGreaterThan(330);
      expect(new Set(plan.map(({ kind }) => kind))).toEqual(new Set(FAULT_KINDS));
    }),
    { numRuns: 20 },
  );
});
