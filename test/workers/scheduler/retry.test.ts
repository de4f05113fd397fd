import { evictDurableObject, runDurableObjectAlarm } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, expect, it, vi } from 'vitest';
import { freshPool, v1Host, v2Host } from '../host/client.ts';
import { createTask, event, logOf, schedulerOf, story, taskView, until } from '../host/pool.ts';

const RETRY = { maxAttempts: 2, backoffMs: 60_000 };

afterEach(() => {
  vi.useRealTimers();
});

/** The backoff is over, and the alarm fires. */
async function passBackoff(pool: string): Promise<void> {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + RETRY.backoffMs });
  await runDurableObjectAlarm(env.SCHEDULER.getByName(pool));
}

it('[L8] a failed attempt is settled, the task waits over an eviction and is tried again', async () => {
  const pool = freshPool();
  const scheduler = env.SCHEDULER.getByName(pool);
  const host = await v2Host(pool, 'box');
  const view = await createTask(pool, { retry: RETRY, env: { KEY: 'value' } });
  const taskId = view.task.id;
  await host.next('task:execute');
  const first = { taskId, attempt: 1 };
  host.send({ type: 'task:started', ...first, sessionId: 'ses_1' });
  host.send({ type: 'task:events', ...first, seq: 1, events: [event('one')] });
  const failed = { type: 'task:completed', ...first, seq: 1, result: { success: false, exitCode: 3, output: 'no' } };
  host.send(failed);
  expect(await host.next('task:settled')).toEqual({ type: 'task:settled', ...first, outcome: 'committed' });
  await evictDurableObject(scheduler);
  const waiting = (await taskView(pool, taskId)).task;
  expect(waiting).toMatchObject({ status: 'queued', attempt: 1, retry: RETRY, waiting: { reason: 'awaiting_retry' } });
  expect((await schedulerOf(pool).getHost('box'))?.activeTasks).toEqual([]);

  await passBackoff(pool);
  const again = await host.next('task:execute');
  expect(again).toMatchObject({ attempt: 2, task: { taskId, prompt: 'do it', env: { KEY: 'value' } } });
  expect(host.frames.filter(({ type }) => type === 'task:execute' || type === 'task:abort')).toHaveLength(2);
  const second = { taskId, attempt: 2 };
  host.send({ type: 'task:started', ...second, sessionId: '' });
  host.send({ type: 'task:events', ...second, seq: 1, events: [event('two')] });
  host.send({ type: 'task:completed', ...second, seq: 1, result: { success: true, output: 'done' } });
  expect(await host.next('task:settled')).toEqual({ type: 'task:settled', ...second, outcome: 'committed' });

  const lines = await until(
    () => story(view),
    (told) => told.includes('completed'),
  );
  expect(lines).toEqual(['queued', 'assigned', 'running', 'one', 'queued', 'assigned', 'running', 'two', 'completed']);
  const [, , , , requeued] = await logOf(view);
  expect(requeued).toMatchObject({ attempt: 1, status: 'queued', reason: 'agent_failed' });
  expect(requeued).toMatchObject({
    error: { code: 'agent_failed', message: 'The agent reported failure, exit code 3.' },
  });
});

it('[L2] [R15] every repeat of the end that failed is committed, all else of that attempt superseded', async () => {
  const pool = freshPool();
  const scheduler = env.SCHEDULER.getByName(pool);
  const host = await v2Host(pool, 'box');
  const { task } = await createTask(pool, { retry: RETRY });
  await host.next('task:execute');
  const first = { taskId: task.id, attempt: 1 };
  const failed = { type: 'task:failed', ...first, seq: 0, code: 'agent_crashed', error: 'gone' };
  const answered = async (frame: object, outcome: string) => {
    host.send(frame);
    expect(await host.next('task:settled')).toMatchObject({ ...first, outcome });
  };
  await answered(failed, 'committed');
  await evictDurableObject(scheduler);
  await answered(failed, 'committed');
  await answered({ type: 'task:events', ...first, seq: 1, events: [event('late')] }, 'superseded');
  await passBackoff(pool);
  await host.next('task:execute');
  await answered(failed, 'committed');
  await answered({ type: 'task:started', ...first, sessionId: '' }, 'superseded');
  expect((await taskView(pool, task.id)).task).toMatchObject({ status: 'assigned', attempt: 2 });
});

it('[R9] failed attempts are shown while the task is retried, and archived with it', async () => {
  const pool = freshPool();
  const host = await v2Host(pool, 'box');
  const view = await createTask(pool, { retry: RETRY });
  const taskId = view.task.id;
  await host.next('task:execute');
  const end = (attempt: number, output: string) =>
    host.send({ type: 'task:completed', taskId, attempt, seq: 0, result: { success: false, output } });
  end(1, 'first');
  await host.next('task:settled');
  const message = 'The agent reported failure.';
  const kept = { attempt: 1, hostId: 'box', error: { code: 'agent_failed', message }, result: { output: 'first' } };
  expect((await taskView(pool, taskId)).task.failedAttempts).toMatchObject([kept]);
  await passBackoff(pool);
  await host.next('task:execute');
  end(2, 'second');
  await host.next('task:settled');
  await runDurableObjectAlarm(env.SCHEDULER.getByName(pool));
  const done = await until(
    () => taskView(pool, taskId),
    ({ archived }) => archived,
  );
  expect(done.task).toMatchObject({ status: 'failed', attempt: 2, error: { code: 'agent_failed' } });
  const bodies = await env.LOG.getByName(view.log).bodies([taskId]);
  expect(bodies[taskId]).toMatchObject({ result: { output: 'second' }, failedAttempts: [kept] });
});

it('[C1] [L8] a version-1 host, which names no attempt, is offered the task again', async () => {
  const pool = freshPool();
  const host = await v1Host(pool, 'old-box');
  const view = await createTask(pool, { retry: RETRY });
  const taskId = view.task.id;
  await host.next('task:execute');
  host.send({ type: 'task:started', taskId, sessionId: '' });
  host.send({ type: 'task:event', taskId, event: event('one') });
  host.send({ type: 'task:failed', taskId, error: 'exit code 3', details: 'stderr' });
  await until(
    () => taskView(pool, taskId),
    ({ task }) => task.waiting?.reason === 'awaiting_retry',
  );
  await passBackoff(pool);
  await host.next('task:execute');
  host.send({ type: 'task:event', taskId, event: event('two') });
  host.send({ type: 'task:completed', taskId, result: { success: true } });
  const lines = await until(
    () => story(view),
    (told) => told.includes('completed'),
  );
  expect(lines).toEqual(['queued', 'assigned', 'running', 'one', 'queued', 'assigned', 'running', 'two', 'completed']);
  expect(host.frames.map(({ type }) => type)).toEqual(['registered', 'task:execute', 'task:execute']);
  const { task } = await taskView(pool, taskId);
  expect(task.failedAttempts).toMatchObject([{ attempt: 1, error: { message: 'exit code 3', details: 'stderr' } }]);
});
