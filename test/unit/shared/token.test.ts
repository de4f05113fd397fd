import { describe, expect, test } from 'vitest';
import { claimsSchema } from '../../../shared/token.ts';

const times = { iat: 1_000, exp: 2_000 };

describe('claims [C3]', () => {
  test('the pool is "default" unless named', () => {
    expect(claimsSchema.parse({ sub: 'alice', role: 'client', ...times }).pool).toBe('default');
    expect(claimsSchema.parse({ sub: 'alice', role: 'client', pool: 'lab', ...times }).pool).toBe('lab');
  });

  test.each([
    ['no sub', { role: 'client', ...times }],
    ['an empty sub', { sub: '', role: 'client', ...times }],
    ['an unknown role', { sub: 'a', role: 'root', ...times }],
    ['no exp', { sub: 'a', role: 'admin', iat: 1 }],
    ['no iat', { sub: 'a', role: 'admin', exp: 1 }],
    ['a pool that is no id', { sub: 'a', role: 'admin', pool: 'a/b', ...times }],
    ['a host token whose sub is no host id', { sub: 'a/b', role: 'host', ...times }],
  ])('%s is refused', (_name, claims) => {
    expect(claimsSchema.safeParse(claims).success).toBe(false);
  });

  test('only a host’s sub must be a host id', () => {
    expect(claimsSchema.safeParse({ sub: 'alice@example.org', role: 'client', ...times }).success).toBe(true);
    expect(claimsSchema.safeParse({ sub: 'laptop-1', role: 'host', ...times }).success).toBe(true);
  });
});
