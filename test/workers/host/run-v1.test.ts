import { afterEach, expect, it } from 'vitest';
import { z } from 'zod';
import { type Client, freshPool, hostStub, v1Host } from './client.ts';
import { createTask, event, schedulerOf, story, taskView, until } from './pool.ts';
import { v1DownSchema } from './v1-frames.ts';

const clients: Client[] = [];

async function connected(pool: string, hostId = 'old-box'): Promise<Client> {
  const client = await v1Host(pool, hostId);
  clients.push(client);
  return client;
}

async function executed(host: Client): Promise<string> {
  const frame = await host.next('task:execute');
  return z.object({ task: z.object({ taskId: z.string() }) }).parse(frame).task.taskId;
}

afterEach(() => {
  for (const client of clients.splice(0)) {
    for (const frame of client.frames)
      expect(v1DownSchema.safeParse(frame).error, JSON.stringify(frame)).toBe(undefined);
  }
});

it('[C1] runs a task with started, events and completed', async () => {
  const pool = freshPool();
  const host = await connected(pool);
  const view = await createTask(pool);
  const taskId = await executed(host);
  host.send({ type: 'task:started', taskId, sessionId: '' });
  host.send({ type: 'task:event', taskId, event: event('one') });
  host.send({ type: 'task:event', taskId, event: event('two') });
  host.send({ type: 'task:started', taskId, sessionId: 'ses_1' });
  host.send({ type: 'task:event', taskId, event: event('three') });
  host.send({ type: 'task:completed', taskId, result: { success: true, output: 'done' } });
  const done = await until(
    () => taskView(pool, taskId),
    ({ task }) => task.status === 'completed',
  );
  expect(done.task.sessionId).toBe('ses_1');
  expect(
    await until(
      () => story(view),
      (lines) => lines.includes('completed'),
    ),
  ).toEqual(['queued', 'assigned', 'running', 'one', 'two', 'three', 'completed']);
});

it('[C1] takes a terminal frame without started, and an event as proof that the task runs', async () => {
  const pool = freshPool();
  const host = await connected(pool);
  await createTask(pool);
  const silent = await executed(host);
  host.send({ type: 'task:failed', taskId: silent, error: 'no such agent', details: { stderr: 'x' } });
  const failed = await until(
    () => taskView(pool, silent),
    ({ task }) => task.status === 'failed',
  );
  expect(failed.task.error?.message).toBe('no such agent');
  await createTask(pool);
  const eager = await executed(host);
  host.send({ type: 'task:event', taskId: eager, event: event('at work') });
  await until(
    () => taskView(pool, eager),
    ({ task }) => task.status === 'running',
  );
});

it('[C1] answers frames about a foreign task with one abort', async () => {
  const pool = freshPool();
  const host = await connected(pool);
  for (let count = 0; count < 3; count += 1) {
    host.send({ type: 'task:event', taskId: 'somebody-elses', event: event('x') });
  }
  host.send({ type: 'task:completed', taskId: 'another', result: { success: true } });
  expect((await host.next('task:abort')).taskId).toBe('somebody-elses');
  expect((await host.next('task:abort')).taskId).toBe('another');
  expect(host.frames.filter((frame) => frame.type === 'task:abort')).toHaveLength(2);
});

it('[C1] passes on abort, input and configuration without fields of version 2', async () => {
  const pool = freshPool();
  const host = await connected(pool);
  await createTask(pool);
  const taskId = await executed(host);
  host.send({ type: 'task:started', taskId, sessionId: '' });
  await until(
    () => taskView(pool, taskId),
    ({ task }) => task.status === 'running',
  );
  const scheduler = schedulerOf(pool);
  await scheduler.patchHostConfig('old-box', { maxRetries: 3 });
  expect(await host.next('config:update')).toEqual({ type: 'config:update', config: { maxRetries: 3 } });
  expect(await scheduler.inputTask(taskId, 'yes\n')).toEqual({ kind: 'accepted' });
  expect(await host.next('task:input')).toEqual({ type: 'task:input', taskId, content: 'yes\n' });
  expect(await scheduler.abortTask(taskId)).toEqual({ kind: 'accepted' });
  expect(await host.next('task:abort')).toEqual({ type: 'task:abort', taskId });
  host.send({ type: 'task:failed', taskId, error: 'aborted' });
  await until(
    () => taskView(pool, taskId),
    ({ task }) => task.status === 'aborted',
  );
});

it('[R6] gives a version-1 agent an input once, however often it is sent', async () => {
  const pool = freshPool();
  const host = await connected(pool);
  await createTask(pool);
  const taskId = await executed(host);
  const run = { taskId, attempt: 1 };
  expect(await hostStub(pool, 'old-box').input(run, 'input-1', 'a')).toBe('sent');
  expect(await hostStub(pool, 'old-box').input(run, 'input-1', 'a')).toBe('already_sent');
  expect(await hostStub(pool, 'old-box').input(run, 'input-2', 'b')).toBe('sent');
  await host.next('task:input');
  expect((await host.next('task:input')).content).toBe('b');
});

it('[C1] keeps the tasks of a version-1 host over a reconnect and goes on with their events', async () => {
  const pool = freshPool();
  const host = await connected(pool);
  const view = await createTask(pool);
  const taskId = await executed(host);
  host.send({ type: 'task:started', taskId, sessionId: '' });
  host.send({ type: 'task:event', taskId, event: event('before') });
  await until(
    () => story(view),
    (lines) => lines.includes('before'),
  );
  host.close();
  const again = await connected(pool);
  again.send({ type: 'task:event', taskId, event: event('after') });
  again.send({ type: 'task:completed', taskId, result: { success: true } });
  const told = await until(
    () => story(view),
    (lines) => lines.includes('completed'),
  );
  expect(told.slice(-4)).toEqual(['running', 'before', 'after', 'completed']);
  expect(again.frames.map((frame) => frame.type)).toEqual(['registered']);
});

it('stores an oversized event of a foreign gateway cut and marked', async () => {
  const pool = freshPool();
  const host = await connected(pool);
  const view = await createTask(pool);
  const taskId = await executed(host);
  host.send({ type: 'task:event', taskId, event: event('ü'.repeat(100_000)) });
  const told = await until(
    () => story(view),
    (lines) => lines.some((line) => line.startsWith('ü')),
  );
  expect(told.at(-1)?.length).toBeLessThan(33_000);
});

it("[L4] takes a host's last words before it closes", async () => {
  const pool = freshPool();
  const host = await connected(pool);
  const view = await createTask(pool);
  const taskId = await executed(host);
  host.send({ type: 'task:event', taskId, event: event('bye') });
  host.send({ type: 'task:completed', taskId, result: { success: true } });
  host.close();
  const told = await until(
    () => story(view),
    (lines) => lines.includes('completed'),
  );
  expect(told.slice(-3)).toEqual(['running', 'bye', 'completed']);
});

it('[L2] tells the host to stop a run that is taken from it, though it says nothing', async () => {
  const pool = freshPool();
  const host = await connected(pool);
  await createTask(pool);
  const taskId = await executed(host);
  await hostStub(pool, 'old-box').release({ taskId, attempt: 1 });
  expect(await host.next('task:abort')).toEqual({ type: 'task:abort', taskId });
});

it('[C1] a late result is kept, also when the task was aborted without the host', async () => {
  const pool = freshPool();
  const host = await connected(pool, 'box');
  const { task } = await createTask(pool);
  await host.next('task:execute');
  host.send({ type: 'task:started', taskId: task.id, sessionId: '' });
  await until(
    () => taskView(pool, task.id),
    (view) => view.task.status === 'running',
  );
  host.close();
  await until(
    () => taskView(pool, task.id),
    (view) => view.task.waiting?.reason === 'host_reconnecting',
  );
  await schedulerOf(pool).abortTask(task.id);
  expect((await taskView(pool, task.id)).task.status).toBe('aborted');
  const back = await connected(pool, 'box');
  expect(await back.next('task:abort')).toEqual({ type: 'task:abort', taskId: task.id });
  back.send({ type: 'task:completed', taskId: task.id, result: { success: true, output: 'late' } });
  const seen = await until(
    () => taskView(pool, task.id),
    (view) => view.task.result !== undefined,
  );
  expect(seen.task).toMatchObject({ status: 'aborted', result: { success: true, output: 'late' } });
});
