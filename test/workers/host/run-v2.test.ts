import { expect, it } from 'vitest';
import { z } from 'zod';
import { freshPool, v2Host } from './client.ts';
import { createTask, event, story, taskView, until } from './pool.ts';

const executeSchema = z.object({
  type: z.literal('task:execute'),
  attempt: z.int(),
  task: z.object({ taskId: z.string() }),
});

it('runs a task of version 2 from execute to committed, its log in order', async () => {
  const pool = freshPool();
  const host = await v2Host(pool, 'box');
  const view = await createTask(pool);
  const { attempt, task } = executeSchema.parse(await host.next('task:execute'));
  const run = { taskId: task.taskId, attempt };
  expect(run).toEqual({ taskId: view.task.id, attempt: 1 });
  host.send({ type: 'task:started', ...run, sessionId: '' });
  host.send({ type: 'task:events', ...run, seq: 1, events: [event('one'), event('two')] });
  host.send({ type: 'task:events', ...run, seq: 3, events: [event('three')] });
  host.send({ type: 'task:completed', ...run, seq: 3, result: { success: true, output: 'done' } });
  expect(await host.next('task:settled')).toEqual({ type: 'task:settled', ...run, outcome: 'committed' });
  const acks = host.frames.filter((frame) => frame.type === 'task:ack').map((frame) => frame.seq);
  expect(acks.at(-1)).toBe(3);
  expect((await taskView(pool, run.taskId)).task.status).toBe('completed');
  const told = await until(
    () => story(view),
    (lines) => lines.includes('completed'),
  );
  expect(told.filter((line) => line !== 'queued')).toEqual(['assigned', 'running', 'one', 'two', 'three', 'completed']);
});
