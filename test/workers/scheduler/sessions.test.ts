import { evictDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect, it } from 'vitest';
import { type Client, freshPool, v2Host } from '../host/client.ts';
import { createTask, schedulerOf, taskView } from '../host/pool.ts';

const ORIGIN = { sub: 'someone' };

/** A task that has run in session `ses_1` of the host, in a directory of its own, and has ended. */
async function finishedTask(pool: string, host: Client, extra: object = {}): Promise<string> {
  const { task } = await createTask(pool, { cwd: '/srv/app', model: 'm1', ...extra });
  await host.next('task:execute');
  const run = { taskId: task.id, attempt: 1 };
  host.send({ type: 'task:started', ...run, sessionId: 'ses_1' });
  host.send({ type: 'task:completed', ...run, seq: 0, result: { success: true } });
  await host.next('task:settled');
  return task.id;
}

it('[R17] a follow-up goes to the host, directory, agent and session of the task before, one at a time', async () => {
  const pool = freshPool();
  const host = await v2Host(pool, 'box', { features: ['sessions'] });
  await v2Host(pool, 'other', { features: ['sessions'] });
  const before = await finishedTask(pool, host, { hostId: 'box' });
  const follow = { prompt: 'and now?', continueTask: before };
  const first = await schedulerOf(pool).createTask(follow, ORIGIN);
  const second = await schedulerOf(pool).createTask(follow, ORIGIN);
  if (first.kind !== 'created' || second.kind !== 'created') throw new Error('not created');
  const execute = await host.next('task:execute');
  expect(execute).toMatchObject({
    task: { taskId: first.view.task.id, cwd: '/srv/app', agentType: 'opencode', model: 'm1', sessionId: 'ses_1' },
  });
  expect((await taskView(pool, first.view.task.id)).task).toMatchObject({ continueTask: before, sessionId: 'ses_1' });
  const waiting = async () => (await taskView(pool, second.view.task.id)).task.waiting?.reason;
  expect(await waiting()).toBe('session_busy');
  await evictDurableObject(env.SCHEDULER.getByName(pool));
  expect(await waiting()).toBe('session_busy');

  const run = { taskId: first.view.task.id, attempt: 1 };
  host.send({ type: 'task:started', ...run, sessionId: 'ses_1' });
  host.send({ type: 'task:completed', ...run, seq: 0, result: { success: true } });
  expect(await host.next('task:execute')).toMatchObject({ task: { taskId: second.view.task.id, sessionId: 'ses_1' } });
});

it('[R17] a follow-up waits for the host that has the session', async () => {
  const pool = freshPool();
  const host = await v2Host(pool, 'box', { features: ['sessions'] });
  const before = await finishedTask(pool, host);
  host.close();
  await host.untilClosed();
  await v2Host(pool, 'other', { features: ['sessions'] });
  const reply = await schedulerOf(pool).createTask({ prompt: 'and now?', continueTask: before }, ORIGIN);
  if (reply.kind !== 'created') throw new Error('not created');
  expect((await taskView(pool, reply.view.task.id)).task).toMatchObject({
    status: 'queued',
    hostId: 'box',
    sessionId: 'ses_1',
    waiting: { reason: 'host_offline' },
  });
});

it('[C2] what cannot be continued is refused', async () => {
  const pool = freshPool();
  const { task } = await createTask(pool);
  const refused = (continueTask: string) => schedulerOf(pool).createTask({ prompt: 'x', continueTask }, ORIGIN);
  expect(await refused(task.id)).toMatchObject({ kind: 'error', code: 'no_session' });
  expect(await refused('none')).toMatchObject({ kind: 'error', code: 'invalid_request' });
});
