import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, expect, it, vi } from 'vitest';
import { LogDO } from '../../../worker/objects/log/log-do.ts';
import { freshPool, v2Host } from '../host/client.ts';
import { createTask, schedulerOf, until } from '../host/pool.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

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
  await evictDurableObject(env.SCHEDULER.getByName(pool));
  expect(await schedulerOf(pool).figures()).toMatchObject(expected);
});

it('[R32] what was created is not counted anew when the newest tasks have gone', async () => {
  const pool = freshPool();
  const stub = env.SCHEDULER.getByName(pool);
  await createTask(pool);
  const { task } = await createTask(pool);
  await schedulerOf(pool).abortTask(task.id);
  await runInDurableObject(stub, (_, { storage }) => {
    storage.sql.exec('UPDATE task SET finished_at = 1 WHERE id = ?', task.id);
  });
  await runDurableObjectAlarm(stub);
  expect((await schedulerOf(pool).listTasks({ limit: 10 })).views).toHaveLength(1);
  await evictDurableObject(stub);
  expect((await schedulerOf(pool).figures()).created).toBe(2);
  await createTask(pool);
  expect((await schedulerOf(pool).figures()).created).toBe(3);
});

it('[R32] an object that cannot be delivered to is told of until it can', async () => {
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  const broken = vi.spyOn(LogDO.prototype, 'appendStatus').mockRejectedValue(new Error('broken'));
  const pool = freshPool();
  await createTask(pool);
  await until(
    () => schedulerOf(pool).figures(),
    ({ failingDeliveries }) => failingDeliveries === 1,
  );
  broken.mockRestore();
  await until(
    async () => {
      await runDurableObjectAlarm(env.SCHEDULER.getByName(pool));
      return await schedulerOf(pool).figures();
    },
    ({ failingDeliveries }) => failingDeliveries === 0,
  );
});
