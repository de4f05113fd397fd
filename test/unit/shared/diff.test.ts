import { expect, it } from 'vitest';
import { cutDiff } from '../../../shared/diff.ts';

it('a diff is kept whole, or cut behind a line', () => {
  expect(cutDiff('+é\n+b\n', 7)).toEqual({ diff: '+é\n+b\n', truncated: false });
  expect(cutDiff('+é\n+b\n', 6)).toEqual({ diff: '+é\n', truncated: true });
  expect(cutDiff('+abc', 2)).toEqual({ diff: '', truncated: true });
});
