import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, expect, it, vi } from 'vitest';
import { type Client, freshPool, v2Host } from '../host/client.ts';
import { createTask, event, story, taskView, until } from '../host/pool.ts';

afterEach(() => {
  vi.useRealTimers();
});

async function start(pool: string): Promise<{ host: Client; run: { taskId: string; attempt: number } }> {
  const host = await v2Host(pool, 'box');
  const { task } = await createTask(pool);
  await host.next('task:execute');
  const run = { taskId: task.id, attempt: 1 };
  host.send({ type: 'task:started', ...run, sessionId: 'ses_1' });
  await until(
    () => taskView(pool, task.id),
    (view) => view.task.status === 'running',
  );
  return { host, run };
}

it('[L1] a task’s life goes on over an eviction between any two of its steps', async () => {
  const pool = freshPool();
  const scheduler = env.SCHEDULER.getByName(pool);
  const view = await createTask(pool, { env: { KEY: 'value' } });
  await evictDurableObject(scheduler);
  const host = await v2Host(pool, 'box');
  await evictDurableObject(scheduler);
  const execute = await host.next('task:execute');
  expect(execute).toMatchObject({ attempt: 1, task: { prompt: 'do it', env: { KEY: 'value' } } });
  const run = { taskId: view.task.id, attempt: 1 };
  host.send({ type: 'task:started', ...run, sessionId: '' });
  await until(
    () => taskView(pool, run.taskId),
    ({ task }) => task.status === 'running',
  );
  await evictDurableObject(scheduler);
  host.send({ type: 'task:events', ...run, seq: 1, events: [event('one')] });
  host.send({ type: 'task:completed', ...run, seq: 1, result: { success: true, output: 'done' } });
  expect(await host.next('task:settled')).toMatchObject({ outcome: 'committed' });
  await evictDurableObject(scheduler);
  const lines = await until(
    () => story(view),
    (told) => told.includes('completed'),
  );
  expect(lines).toEqual(['queued', 'assigned', 'running', 'one', 'completed']);
  expect(host.frames.filter(({ type }) => type === 'task:execute')).toHaveLength(1);
});

it('[R9] a finished task’s body moves to its log object, and the values of env are forgotten', async () => {
  const pool = freshPool();
  const { host, run } = await start(pool);
  host.send({ type: 'task:completed', ...run, seq: 0, result: { success: true, output: 'done' } });
  await host.next('task:settled');
  await runDurableObjectAlarm(env.SCHEDULER.getByName(pool));
  const view = await until(
    () => taskView(pool, run.taskId),
    ({ archived }) => archived,
  );
  expect(view.task.prompt).toBeUndefined();
  expect(await env.LOG.getByName(view.log).bodies([run.taskId])).toEqual({
    [run.taskId]: { prompt: 'do it', result: { success: true, output: 'done' } },
  });
  await runInDurableObject(env.SCHEDULER.getByName(pool), (_object, state) => {
    expect(state.storage.sql.exec('SELECT * FROM body').toArray()).toEqual([]);
    expect(state.storage.sql.exec('SELECT * FROM outbox').toArray()).toEqual([]);
  });
});

it('[R6] a repeated end gets the same answer, also when the task is long finished', async () => {
  const pool = freshPool();
  const { host, run } = await start(pool);
  const completed = { type: 'task:completed', ...run, seq: 0, result: { success: true } };
  host.send(completed);
  expect(await host.next('task:settled')).toMatchObject({ outcome: 'committed' });
  await evictDurableObject(env.SCHEDULER.getByName(pool));
  host.send(completed);
  expect(await host.next('task:settled')).toMatchObject({ outcome: 'committed' });
});

it('[R1] after an absence nobody is judged at once: an overdue grace starts anew', async () => {
  const pool = freshPool();
  const scheduler = env.SCHEDULER.getByName(pool);
  const { host, run } = await start(pool);
  host.close();
  await until(
    () => taskView(pool, run.taskId),
    ({ task }) => task.waiting?.reason === 'host_reconnecting',
  );
  const away = Date.now() + 3_600_000;
  vi.useFakeTimers({ toFake: ['Date'], now: away });
  await runDurableObjectAlarm(scheduler);
  expect((await taskView(pool, run.taskId)).task).toMatchObject({ status: 'running', attempt: 1 });
  vi.setSystemTime(away + 91_000);
  await runDurableObjectAlarm(scheduler);
  expect((await taskView(pool, run.taskId)).task.status).toBe('queued');
});

it('[L8] a task whose host stays away goes to another; the first is told to stop when it returns', async () => {
  const pool = freshPool();
  const { host, run } = await start(pool);
  host.close();
  await until(
    () => taskView(pool, run.taskId),
    ({ task }) => task.waiting?.reason === 'host_reconnecting',
  );
  const other = await v2Host(pool, 'spare');
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 91_000 });
  await runDurableObjectAlarm(env.SCHEDULER.getByName(pool));
  expect(await other.next('task:execute')).toMatchObject({ attempt: 2 });
  const back = await v2Host(pool, 'box', { runs: [{ ...run, lastSeq: 0, finished: false }] });
  const registered = back.frames.find(({ type }) => type === 'registered');
  expect(registered).toMatchObject({ runs: [{ ...run, verdict: 'stop', ackedSeq: 0 }] });
  back.send({ type: 'task:completed', ...run, seq: 0, result: { success: true, output: 'too late' } });
  expect(await back.next('task:settled')).toMatchObject({ ...run, outcome: 'superseded' });
  const { task } = await taskView(pool, run.taskId);
  expect(task.lateAttempts).toMatchObject([{ attempt: 1, hostId: 'box', result: { output: 'too late' } }]);
  expect(task.result).toBeUndefined();
});
