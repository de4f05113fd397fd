import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { parseServerSettings } from '../../../shared/settings.ts';
import { describeIssues } from '../../../shared/zod-issues.ts';

/** The contract's own list, written out: a changed default is a changed promise. */
const CONTRACT_DEFAULTS = {
  HEARTBEAT_INTERVAL_MS: 30000,
  HEARTBEAT_TIMEOUT_MS: 90000,
  RECONNECT_GRACE_MS: 90000,
  START_TIMEOUT_MS: 15000,
  MAX_ATTEMPTS: 3,
  TASK_TIMEOUT_MS: 86400000,
  QUEUE_TIMEOUT_MS: 604800000,
  MAX_HOSTS_PER_IP: 50,
  MAX_QUEUED_TASKS: 10000,
  RETENTION_DAYS: 7,
  TRUSTED_PROXY: '',
};

/** Beyond the contract. */
const OWN_DEFAULTS = {
  CORS_ORIGINS: [],
  AUDIT_RETENTION_DAYS: 90,
  MAX_CONNECTS_PER_MINUTE: 6000,
  MAX_CALLS_PER_MINUTE: 120_000,
  MAX_NEW_TASKS_PER_MINUTE: 30_000,
  MAX_ENROLMENTS_PER_MINUTE: 60,
};

function complaint(source: Record<string, unknown>): string {
  try {
    parseServerSettings(source);
  } catch (error) {
    if (error instanceof z.ZodError) return describeIssues(error);
    throw error;
  }
  return 'accepted';
}

describe('server settings [C5]', () => {
  test('defaults are the contract’s', () => {
    expect(parseServerSettings({})).toEqual({ ...CONTRACT_DEFAULTS, ...OWN_DEFAULTS });
  });

  test('an empty value is an absent one, other variables are none of its business', () => {
    const source = { HEARTBEAT_INTERVAL_MS: '', TRUSTED_PROXY: '', PATH: '/bin', JWT_SECRET: 'x' };
    expect(parseServerSettings(source)).toEqual({ ...CONTRACT_DEFAULTS, ...OWN_DEFAULTS });
  });

  test('text of the environment becomes numbers', () => {
    expect(parseServerSettings({ MAX_HOSTS_PER_IP: '0', RETENTION_DAYS: '30' })).toMatchObject({
      MAX_HOSTS_PER_IP: 0,
      RETENTION_DAYS: 30,
    });
  });

  test.each([
    ['HEARTBEAT_INTERVAL_MS', '30s', '"HEARTBEAT_INTERVAL_MS" must be a whole number'],
    ['HEARTBEAT_TIMEOUT_MS', '1.5', '"HEARTBEAT_TIMEOUT_MS" must be a whole number'],
    ['RECONNECT_GRACE_MS', '-1', '"RECONNECT_GRACE_MS" must be at least 0'],
    ['START_TIMEOUT_MS', '0', '"START_TIMEOUT_MS" must be at least 50'],
    ['MAX_ATTEMPTS', '0', '"MAX_ATTEMPTS" must be at least 1'],
    ['TASK_TIMEOUT_MS', '1e15', '"TASK_TIMEOUT_MS" must be at most 2592000000'],
    ['QUEUE_TIMEOUT_MS', 'Infinity', '"QUEUE_TIMEOUT_MS" must be a whole number'],
    ['MAX_HOSTS_PER_IP', 'many', '"MAX_HOSTS_PER_IP" must be a whole number'],
    ['MAX_QUEUED_TASKS', '0', '"MAX_QUEUED_TASKS" must be at least 1'],
    ['RETENTION_DAYS', '0', '"RETENTION_DAYS" must be at least 1'],
  ])('%s=%s is refused by name', (name, value, message) => {
    expect(complaint({ [name]: value })).toBe(message);
  });

  test('every bad variable is named at once', () => {
    expect(complaint({ MAX_ATTEMPTS: 'x', RETENTION_DAYS: 'y' })).toBe(
      '"MAX_ATTEMPTS" must be a whole number; "RETENTION_DAYS" must be a whole number',
    );
  });
});
