import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import * as limits from '../../../shared/limits.ts';
import {
  envSchema,
  isTerminal,
  labelsSchema,
  metadataSchema,
  nameSchema,
  pathSchema,
  promptSchema,
  retrySchema,
  TASK_STATUSES,
  TERMINAL_STATUSES,
  timeoutSchema,
} from '../../../shared/task.ts';
import { fieldIssues } from '../../../shared/zod-issues.ts';

function many(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`N${index}`, '']));
}

function limitsNamed(schema: z.ZodType, value: unknown): (string | undefined)[] {
  const parsed = schema.safeParse(value);
  return parsed.success ? [] : fieldIssues(parsed.error).map((issue) => issue.limit);
}

/** Each limit: the largest value that passes, and the smallest that does not. Sizes count bytes: "é" is two. */
const BOUNDS: [name: string, schema: z.ZodType, fits: unknown, exceeds: unknown][] = [
  ['MAX_NAME_BYTES', nameSchema, 'é'.repeat(64), 'é'.repeat(65)],
  ['MAX_PATH_BYTES', pathSchema, 'é'.repeat(2048), 'é'.repeat(2049)],
  ['MAX_PROMPT_BYTES', promptSchema, 'é'.repeat(262_144), 'é'.repeat(262_145)],
  ['MAX_ENV_NAMES', envSchema, many(64), many(65)],
  ['MAX_ENV_BYTES', envSchema, { A: 'x'.repeat(32 * 1024 - 1) }, { A: 'x'.repeat(32 * 1024) }],
  ['MAX_LABELS', labelsSchema, many(32), many(33)],
  ['MAX_METADATA_BYTES', metadataSchema, { a: 'x'.repeat(64 * 1024 - 8) }, { a: 'x'.repeat(64 * 1024 - 7) }],
];

describe('limits of a task [C2]', () => {
  test.each(BOUNDS)('%s is exact, counts bytes and is named', (name, schema, fits, exceeds) => {
    expect(Object.keys(limits)).toContain(name);
    expect(schema.safeParse(fits).success).toBe(true);
    expect(limitsNamed(schema, exceeds)).toEqual([name]);
  });

  test('metadata that no writer could take is refused, not thrown at', () => {
    const deep: unknown = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`);
    expect(limitsNamed(metadataSchema, { deep })).toEqual(['MAX_JSON_DEPTH']);
  });
});

describe('fields of a task', () => {
  test.each([
    ['an empty prompt', promptSchema, ''],
    ['an empty directory', pathSchema, ''],
    ['a directory with NUL', pathSchema, '/srv\0/x'],
    ['a variable with NUL', envSchema, { A: 'x\0y' }],
    ['a variable named A=B', envSchema, { 'A=B': 'x' }],
    ['a variable that begins with a digit', envSchema, { '1A': 'x' }],
    ['a variable that is no text', envSchema, { A: 1 }],
    ['a label without a name', labelsSchema, { '': 'x' }],
    ['no time at all', timeoutSchema, 0],
    ['a fraction of a millisecond', timeoutSchema, 1.5],
    ['a time limit in words', timeoutSchema, '10s'],
    ['a time limit beyond 30 days', timeoutSchema, 30 * 86_400_000 + 1],
  ])('%s is refused', (_name, schema, value) => {
    expect(schema.safeParse(value).success).toBe(false);
  });

  test('the terminal statuses are those from which nothing follows', () => {
    expect(TASK_STATUSES.filter(isTerminal)).toEqual([...TERMINAL_STATUSES]);
    expect(TASK_STATUSES.filter((status) => !isTerminal(status))).toEqual(['queued', 'assigned', 'running']);
  });
});

describe('retry [C2]', () => {
  const { MAX_RETRY_ATTEMPTS, MIN_RETRY_BACKOFF_MS, MAX_RETRY_BACKOFF_MS, DEFAULT_RETRY_BACKOFF_MS } = limits;

  test('backoffMs may be left out, maxAttempts may not', () => {
    expect(retrySchema.parse({ maxAttempts: 2 })).toEqual({ maxAttempts: 2, backoffMs: DEFAULT_RETRY_BACKOFF_MS });
    expect(retrySchema.safeParse({ backoffMs: 1000 }).success).toBe(false);
  });

  test.each([
    { maxAttempts: 1, backoffMs: MIN_RETRY_BACKOFF_MS },
    { maxAttempts: MAX_RETRY_ATTEMPTS, backoffMs: MAX_RETRY_BACKOFF_MS },
  ])('the bounds themselves pass: %j', (retry) => {
    expect(retrySchema.parse(retry)).toEqual(retry);
  });

  test.each([
    [{ maxAttempts: 0 }, 'maxAttempts', 'must be at least 1; leave out "retry" for no second attempt'],
    [{ maxAttempts: MAX_RETRY_ATTEMPTS + 1 }, 'maxAttempts', 'must be at most 10'],
    [{ maxAttempts: 1.5 }, 'maxAttempts', 'must be a whole number of attempts, the first included'],
    [{ maxAttempts: '3' }, 'maxAttempts', 'must be a whole number of attempts, the first included'],
    [{ maxAttempts: 2, backoffMs: MIN_RETRY_BACKOFF_MS - 1 }, 'backoffMs', 'must be at least 100 ms'],
    [{ maxAttempts: 2, backoffMs: MAX_RETRY_BACKOFF_MS + 1 }, 'backoffMs', 'must be at most 3600000 ms'],
    [{ maxAttempts: 2, backoffMs: 0.5 }, 'backoffMs', 'must be a whole number of milliseconds'],
    [{ maxAttempts: 2, delay: 1 }, 'delay', 'is not a known field'],
  ])('%j: names the field and the fix', (retry, field, message) => {
    const { error } = retrySchema.safeParse(retry);
    expect(error && fieldIssues(error)).toEqual([{ field, message }]);
  });
});
