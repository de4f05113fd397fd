import { describe, expect, test } from 'vitest';
import { hostTokenBodySchema } from '../../../../shared/api/access.ts';

describe('POST /api/hosts/:id/tokens [C2]', () => {
  test('90 days unless said otherwise, ten years at most', () => {
    expect(hostTokenBodySchema.parse({})).toEqual({ expiresIn: 90 * 86_400 });
    expect(hostTokenBodySchema.safeParse({ expiresIn: 3650 * 86_400 }).success).toBe(true);
    expect(hostTokenBodySchema.safeParse({ expiresIn: 3650 * 86_400 + 1 }).success).toBe(false);
    expect(hostTokenBodySchema.safeParse({ expiresIn: 0 }).success).toBe(false);
    expect(hostTokenBodySchema.safeParse({ expires: 60 }).success).toBe(false);
  });
});
