import { describe, expect, test } from 'vitest';
import { configPatchSchema } from '../../../../shared/api/hosts.ts';

const TIMEOUT_MS = 90_000;
const patchSchema = configPatchSchema(TIMEOUT_MS);

describe('PATCH /api/hosts/:id/config [C2]', () => {
  test.each([
    {},
    { heartbeatInterval: 1000 },
    { heartbeatInterval: TIMEOUT_MS / 3 },
    { taskTimeout: 1, maxRetries: 0 },
    { maxRetries: 100 },
  ])('%j is taken as it is', (patch) => {
    expect(patchSchema.parse(patch)).toEqual(patch);
  });

  test.each([
    { heartbeatInterval: 999 },
    { heartbeatInterval: TIMEOUT_MS / 3 + 1 },
    { heartbeatInterval: 1500.5 },
    { heartbeatInterval: '2000' },
    { heartbeatInterval: null },
    { taskTimeout: 0 },
    { maxRetries: -1 },
    { maxRetries: 101 },
    { maxRetry: 1 },
    [],
  ])('%j is refused', (patch) => {
    expect(patchSchema.safeParse(patch).success).toBe(false);
  });

  test('the upper bound moves with the server’s timeout', () => {
    expect(configPatchSchema(30_000).safeParse({ heartbeatInterval: 10_000 }).success).toBe(true);
    expect(configPatchSchema(30_000).safeParse({ heartbeatInterval: 10_001 }).success).toBe(false);
  });
});
