import { expect, it } from 'vitest';
import { freshPool, v1Host, v2Host } from '../host/client.ts';
import { createTask, schedulerOf, taskView } from '../host/pool.ts';

it('[C1] a task that needs a feature waits for a host that has announced it', async () => {
  const pool = freshPool();
  const old = await v1Host(pool, 'old');
  await v2Host(pool, 'plain');
  const { task } = await createTask(pool, { idleTimeout: 60_000 });
  const waiting = (await taskView(pool, task.id)).task.waiting;
  expect(waiting).toEqual({ reason: 'no_host_with_features', message: expect.stringContaining('idle_timeout') });

  const able = await v2Host(pool, 'able', { features: ['idle_timeout'] });
  const execute = await able.next('task:execute');
  expect(execute).toMatchObject({ attempt: 1, task: { taskId: task.id, idleTimeout: 60_000 } });
  expect(old.frames.some(({ type }) => type === 'task:execute')).toBe(false);
  able.send({
    type: 'task:failed',
    taskId: task.id,
    attempt: 1,
    seq: 0,
    code: 'idle_timeout',
    error: 'the agent gave no sign of life for 60000 ms',
  });
  await able.next('task:settled');
  expect((await taskView(pool, task.id)).task).toMatchObject({
    status: 'timeout',
    idleTimeout: 60_000,
    error: { code: 'idle_timeout' },
  });
  expect((await schedulerOf(pool).getHost('able'))?.activeTasks).toEqual([]);
});

it('[C1] a task names its agent in any spelling, and its host is told its own', async () => {
  const pool = freshPool();
  const host = await v1Host(pool, 'host');
  const { task } = await createTask(pool, { agentType: 'Open-Code' });
  expect(await host.next('task:execute')).toMatchObject({ task: { taskId: task.id, agentType: 'opencode' } });
  expect((await taskView(pool, task.id)).task.agentType).toBe('Open-Code');
});
