import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hostIdSchema, poolIdSchema, taskIdSchema } from '../../../shared/ids.ts';

describe('ids [C2]', () => {
  test.each(['a', '0', 'host-1', 'A.b_c-d', 'x'.repeat(64)])('%s is the id of a host and of a pool', (id) => {
    expect(hostIdSchema.safeParse(id).success).toBe(true);
    expect(poolIdSchema.safeParse(id).success).toBe(true);
  });

  test.each(['', '.', '..', '-a', '_a', 'a/b', 'a b', 'a\n', 'é', 'x'.repeat(65), 'a\0'])('%j is none', (id) => {
    expect(hostIdSchema.safeParse(id).success).toBe(false);
    expect(poolIdSchema.safeParse(id).success).toBe(false);
  });

  test('an accepted id holds nothing that a path or an object name could trip over', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        for (const schema of [hostIdSchema, poolIdSchema, taskIdSchema]) {
          if (schema.safeParse(text).success) expect(text).toMatch(/^[\w.-]+$/);
        }
      }),
    );
    expect(taskIdSchema.safeParse('../../etc').success).toBe(false);
    expect(taskIdSchema.safeParse('..').success).toBe(false);
  });
});
