import { expect, test } from 'vitest';
import { ERROR_STATUS, FAILURE_CODES, taskErrorSchema } from '../../../shared/errors.ts';

test('every error code is a word with a status of its class [C2]', () => {
  const codes = Object.entries(ERROR_STATUS);
  expect(codes.length).toBeGreaterThan(10);
  for (const [code, status] of codes) {
    expect(code).toMatch(/^[a-z][a-z_]*$/);
    expect(status, code).toBeGreaterThanOrEqual(400);
    expect(status, code).toBeLessThan(600);
  }
});

test.each([
  ['limit_exceeded', 413],
  ['idempotency_conflict', 409],
  ['task_finished', 409],
  ['task_not_running', 409],
  ['input_unsupported', 409],
  ['log_expired', 410],
  ['unauthorized', 401],
  ['forbidden', 403],
  ['not_found', 404],
  ['not_ready', 503],
] as const)('%s answers %i, as the contract says [C2]', (code, status) => {
  expect(ERROR_STATUS[code]).toBe(status);
});

test('a failed task carries one of the closed list of codes', () => {
  expect(new Set(FAILURE_CODES).size).toBe(FAILURE_CODES.length);
  expect(taskErrorSchema.safeParse({ code: 'host_lost', message: 'x' }).success).toBe(true);
  expect(taskErrorSchema.safeParse({ code: 'bad_luck', message: 'x' }).success).toBe(false);
});
