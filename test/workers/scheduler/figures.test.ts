import { evictDurableObject, runDurableObjectAlarm } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect, it } from 'vitest';
import { freshPool, v2Host } from '../host/client.ts';
import { createTask, schedulerOf, until } from '../host/pool.ts';

it('[R32] each end is counted once, by how it came, and the counts outlive the object', async () => {
  const pool = freshPool();
  const host = await v2Host(pool, 'box');
  const ends = [{ success: true }, { success: false, exitCode: 3 }];
  for (const result of ends) {
    const { task } = await createTask(pool);
    await host.next('task:execute');
    const run = { taskId: task.id, attempt: 1 };
    host.send({ type: 'task:started', ...run, sessionId: '' });
    const end = { type: 'task:completed', ...run, seq: 0, result };
    host.send(end);
    await host.next('task:settled');
    // As after a connection that was lost before the answer.
    host.send(end);
    await host.next('task:settled');
  }
  host.close();
  const waiting = await createTask(pool);
  const withdrawn = await createTask(pool);
  await schedulerOf(pool).abortTask(withdrawn.task.id);
  const expected = {
    tasks: { queued: 1, assigned: 0, running: 0 },
    oldestQueuedAt: waiting.task.createdAt,
    created: 4,
    ended: [
      { status: 'aborted', code: 'aborted', count: 1 },
      { status: 'completed', code: null, count: 1 },
      { status: 'failed', code: 'agent_failed', count: 1 },
    ],
  };
  expect(await schedulerOf(pool).figures()).toMatchObject(expected);
  // What may wait, bodies for the log, goes with it.
  await runDurableObjectAlarm(env.SCHEDULER.getByName(pool));
  await until(
    () => schedulerOf(pool).figures(),
    ({ undelivered }) => undelivered === 0,
  );
  await evictDurableObject(env.SCHEDULER.getByName(pool));
  expect(await schedulerOf(pool).figures()).toMatchObject(expected);
});
