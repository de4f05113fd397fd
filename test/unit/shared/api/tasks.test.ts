import { describe, expect, test } from 'vitest';
import { readLogSchema } from '../../../../shared/api/log.ts';
import {
  createTaskSchema,
  idempotencyKeySchema,
  listTasksSchema,
  taskInputBodySchema,
} from '../../../../shared/api/tasks.ts';
import {
  DEFAULT_TASK_PAGE,
  EXECUTE_ENVELOPE_BYTES,
  MAX_FRAME_BYTES,
  MAX_LOG_PAGE,
  MAX_TASK_PAGE,
} from '../../../../shared/limits.ts';
import { encodeFrame } from '../../../../shared/protocol/codec.ts';
import { fieldIssues } from '../../../../shared/zod-issues.ts';

describe('POST /api/tasks [C2]', () => {
  test('a prompt alone is a task for opencode', () => {
    expect(createTaskSchema.parse({ prompt: 'x' })).toEqual({ prompt: 'x', agentType: 'opencode' });
  });

  test('every field of the contract is taken as it is', () => {
    const body = {
      prompt: 'x',
      agentType: 'lines',
      cwd: '/srv/app',
      model: 'stub/stub-model',
      env: { A: '1' },
      timeout: 60_000,
      metadata: { nested: { list: [1, null, 'x'] } },
      labels: { os: 'linux' },
      hostId: 'host-1',
    };
    expect(createTaskSchema.parse(body)).toEqual(body);
  });

  test('a follow-up has the agent and the place of the task that it continues, and may name neither', () => {
    expect(createTaskSchema.parse({ prompt: 'x', continueTask: 't1' })).toEqual({ prompt: 'x', continueTask: 't1' });
    const body = { prompt: 'x', continueTask: 't1', agentType: 'opencode', hostId: 'a', labels: {} };
    const { error } = createTaskSchema.safeParse(body);
    const message = 'comes from the continued task: leave it out';
    expect(error && fieldIssues(error)).toEqual(
      ['agentType', 'hostId', 'labels'].map((field) => expect.objectContaining({ field, message })),
    );
  });

  test('a session is named with its host, and is no flag', () => {
    const body = { prompt: 'x', sessionId: 'ses_1' };
    const { error } = createTaskSchema.safeParse(body);
    expect(error && fieldIssues(error)).toMatchObject([{ field: 'hostId' }]);
    expect(createTaskSchema.parse({ ...body, hostId: 'a' })).toMatchObject({
      sessionId: 'ses_1',
      agentType: 'opencode',
    });
    for (const sessionId of ['--auto', 'a b', '', 'a\n'])
      expect(createTaskSchema.safeParse({ ...body, hostId: 'a', sessionId }).success).toBe(false);
  });

  test('what is accepted fits into the frame that hands it to a host', () => {
    const room = MAX_FRAME_BYTES - EXECUTE_ENVELOPE_BYTES;
    const escaped = (units: number) => ({ prompt: '"'.repeat(units), agentType: 'opencode' });
    const overhead = JSON.stringify(escaped(0)).length;
    const largest = escaped(Math.floor((room - overhead) / 2));
    expect(createTaskSchema.safeParse(largest).success).toBe(true);
    const task = { ...largest, taskId: 't'.repeat(128), cwd: '\u0001'.repeat(4096), timeout: Number.MAX_SAFE_INTEGER };
    expect(() => encodeFrame({ type: 'task:execute', ...{ attempt: Number.MAX_SAFE_INTEGER, task } })).not.toThrow();

    const tooLarge = createTaskSchema.safeParse(escaped(largest.prompt.length + 1));
    expect(tooLarge.error && fieldIssues(tooLarge.error)).toEqual([
      { field: 'body', message: `must be at most ${room} bytes`, limit: 'MAX_FRAME_BYTES' },
    ]);
  });
});

describe('queries and other bodies [C2]', () => {
  test('pages have defaults and bounds', () => {
    expect(listTasksSchema.parse({})).toEqual({ limit: 50 });
    expect(listTasksSchema.parse({ limit: '200', status: 'queued' })).toEqual({ limit: 200, status: 'queued' });
    expect(readLogSchema.parse({})).toEqual({ after: 0, limit: 500 });
    expect(readLogSchema.parse({ after: '7', limit: '5000' })).toEqual({ after: 7, limit: 5000 });
  });

  test.each([
    { limit: '0' },
    { limit: 'ten' },
    { limit: '1.5' },
    { status: 'done' },
    { hostId: 'a/b' },
    { cursor: 'x' },
    { cursor: '-1' },
    { page: '2' },
  ])('listing by %j is refused', (query) => {
    expect(listTasksSchema.safeParse(query).success).toBe(false);
  });

  test.each([{ after: '-1' }, { after: 'x' }, { from: '1' }])('reading a log by %j is refused', (query) => {
    expect(readLogSchema.safeParse(query).success).toBe(false);
  });

  test('an input is text, not empty, and bounded', () => {
    expect(taskInputBodySchema.safeParse({ content: 'yes' }).success).toBe(true);
    expect(taskInputBodySchema.safeParse({ content: '' }).success).toBe(false);
    expect(taskInputBodySchema.safeParse({ content: 'x'.repeat(64 * 1024 + 1) }).success).toBe(false);
    expect(taskInputBodySchema.safeParse({ contents: 'yes' }).success).toBe(false);
  });

  test.each(['', 'with space', 'é', 'k'.repeat(129)])('%j is no idempotency key', (key) => {
    expect(idempotencyKeySchema.safeParse(key).success).toBe(false);
  });
});

test('[C2] a page is never larger than its bound, whatever is asked for', () => {
  expect(listTasksSchema.parse({ limit: '100000' }).limit).toBe(MAX_TASK_PAGE);
  expect(readLogSchema.parse({ limit: '100000' }).limit).toBe(MAX_LOG_PAGE);
  expect(listTasksSchema.parse({}).limit).toBe(DEFAULT_TASK_PAGE);
});
