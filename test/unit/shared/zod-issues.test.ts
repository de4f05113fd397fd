import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createTaskSchema } from '../../../shared/api/tasks.ts';
import { describeIssues, type FieldIssue, fieldIssues } from '../../../shared/zod-issues.ts';

function issuesOf(body: unknown): FieldIssue[] {
  const parsed = createTaskSchema.safeParse(body);
  return parsed.success ? [] : fieldIssues(parsed.error);
}

describe('what is wrong, by field [C2]', () => {
  test.each([
    ['a missing field', {}, { field: 'prompt', message: 'expected string, received undefined' }],
    ['a wrong type', { prompt: 1 }, { field: 'prompt', message: 'expected string, received number' }],
    ['no object at all', [], { field: 'body', message: 'expected object, received array' }],
    ['an unknown field', { prompt: 'x', promt: 1 }, { field: 'promt', message: 'is not a known field' }],
    [
      'a bad name in a record',
      { prompt: 'x', env: { 'a-b': '1' } },
      { field: 'env.a-b', message: 'must be the name of an environment variable' },
    ],
    [
      'a limit',
      { prompt: 'x', model: 'm'.repeat(129) },
      { field: 'model', message: 'must be at most 128 bytes', limit: 'MAX_NAME_BYTES' },
    ],
    [
      'a limit of a name in a record',
      { prompt: 'x', labels: { ['k'.repeat(129)]: '' } },
      { field: `labels.${'k'.repeat(129)}`, message: 'must be at most 128 bytes', limit: 'MAX_NAME_BYTES' },
    ],
  ])('%s', (_name, body, issue) => {
    expect(issuesOf(body)).toEqual([issue]);
  });

  test('each unknown field is told by its own name', () => {
    expect(issuesOf({ prompt: 'x', a: 1, b: 2 }).map((issue) => issue.field)).toEqual(['a', 'b']);
  });

  test('an answer stays short, whatever was sent', () => {
    const body = {
      prompt: 'x',
      env: Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`${i} ${'é'.repeat(5000)}`, ''])),
    };
    const line = describeIssues(createTaskSchema.safeParse(body).error ?? new z.ZodError([]));
    expect(line).toContain('must be the name of an environment variable');
    expect(line.length).toBeLessThan(10_000);
  });
});
