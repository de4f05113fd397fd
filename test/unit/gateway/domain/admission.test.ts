import { expect, test } from 'vitest';
import { admit, type KnownRun, meantAttempt } from '../../../../gateway/domain/admission.ts';

function run(attempt: number, ending = false): KnownRun {
  return { taskId: 't', attempt, active: true, ending };
}

test('[L7] no more than maxConcurrent', () => {
  expect(admit(1, { maxConcurrent: 2, draining: false })).toEqual({ kind: 'admit' });
  for (const active of [2, 3])
    expect(admit(active, { maxConcurrent: 2, draining: false })).toMatchObject({ reason: 'full' });
});

test('a daemon that is ending takes nothing', () => {
  expect(admit(0, { maxConcurrent: 2, draining: true })).toMatchObject({ kind: 'refused', reason: 'draining' });
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
