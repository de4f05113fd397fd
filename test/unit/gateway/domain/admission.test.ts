import { expect, test } from 'vitest';
import { admit, type KnownRun, meantAttempt } from '../../../../gateway/domain/admission.ts';
import { MAX_REPORTED_RUNS } from '../../../../shared/limits.ts';

function run(attempt: number, ending = false): KnownRun {
  return { taskId: 't', attempt, active: true, ending, unsettled: true };
}

test('[L7] no more than maxConcurrent', () => {
  const limits = { maxConcurrent: 2, draining: false };
  expect(admit({ active: 1, unsettled: 1 }, limits)).toEqual({ kind: 'admit' });
  for (const active of [2, 3]) expect(admit({ active, unsettled: active }, limits)).toMatchObject({ reason: 'full' });
});

test('a daemon that is ending takes nothing', () => {
  const verdict = admit({ active: 0, unsettled: 0 }, { maxConcurrent: 2, draining: true });
  expect(verdict).toMatchObject({ kind: 'refused', reason: 'draining' });
});

test('[L4] no more unsettled runs than a register can name: one that goes unnamed counts as lost', () => {
  const limits = { maxConcurrent: 2, draining: false };
  expect(admit({ active: 0, unsettled: MAX_REPORTED_RUNS - 1 }, limits)).toEqual({ kind: 'admit' });
  expect(admit({ active: 0, unsettled: MAX_REPORTED_RUNS }, limits)).toMatchObject({ kind: 'refused', reason: 'full' });
});

test('[L2] version 2 says which attempt it means', () => {
  expect(meantAttempt('t', 3, [run(1)])).toBe(3);
});

test('[C1] version 1 means the run that goes on, or else a further one', () => {
  expect(meantAttempt('t', undefined, [])).toBe(1);
  expect(meantAttempt('t', undefined, [run(2)])).toBe(2);
  expect(meantAttempt('t', undefined, [run(2, true)])).toBe(3);
  expect(meantAttempt('t', undefined, [run(1, true), run(2)])).toBe(2);
  expect(meantAttempt('other', undefined, [run(5)])).toBe(1);
});
