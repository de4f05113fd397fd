import { expect, test } from 'vitest';
import { Wake } from '../../../gateway/wake.ts';

test('a set before, during, and never', async () => {
  const wake = new Wake();
  wake.set();
  wake.set();
  expect(await wake.wait()).toBe(true);
  expect(await wake.wait(1)).toBe(false);
  const waiting = wake.wait();
  wake.set();
  expect(await waiting).toBe(true);
  expect(await wake.wait(1)).toBe(false);
});
