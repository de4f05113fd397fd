import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonValueSchema, nestsWithin } from '../../../shared/json.ts';
import { MAX_JSON_DEPTH } from '../../../shared/limits.ts';
import { fieldIssues } from '../../../shared/zod-issues.ts';

/** `depth` arrays around a number. */
function nested(depth: number): unknown {
  return JSON.parse(`${'['.repeat(depth)}1${']'.repeat(depth)}`);
}

test('nestsWithin counts the levels below a value', () => {
  fc.assert(
    fc.property(fc.nat(60), fc.nat(60), (depth, max) => {
      expect(nestsWithin(nested(depth), max)).toBe(depth <= max);
    }),
  );
});

test('a value at the limit passes, one beyond it is refused by the name of the limit', () => {
  expect(jsonValueSchema.safeParse(nested(MAX_JSON_DEPTH)).success).toBe(true);
  const refused = jsonValueSchema.safeParse(nested(MAX_JSON_DEPTH + 1));
  expect(refused.error && fieldIssues(refused.error)).toEqual([
    { field: 'body', message: `must not nest deeper than ${MAX_JSON_DEPTH} levels`, limit: 'MAX_JSON_DEPTH' },
  ]);
});

test('what passes can be written, what the stack cannot hold is refused without throwing', () => {
  const bottomless = nested(200_000);
  expect(jsonValueSchema.safeParse(bottomless).success).toBe(false);
  expect(() => JSON.stringify(bottomless)).toThrow(RangeError);
});
