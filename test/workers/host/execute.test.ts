import { env } from 'cloudflare:workers';
import { expect, it } from 'vitest';
import type { ExecuteOrder } from '../../../worker/rpc.ts';
import { blocked } from './blocked.ts';
import { Client, freshPool, hostStub, registerV1, registerV2, v1Host, v2Host } from './client.ts';
import { createTask, schedulerOf, taskView, until } from './pool.ts';

function orderOf(attempt: number, epoch: number, prompt = 'x'): ExecuteOrder {
  const task = { taskId: 't', prompt, cwd: '/', agentType: 'opencode' };
  return { taskId: 't', attempt, epoch, log: 'p/2026-01-01/0', task };
}

it('[R5] an order for a connection that is gone is sent on no later one', async () => {
  const pool = freshPool();
  (await v2Host(pool, 'box')).close();
  const host = await v2Host(pool, 'box');
  expect(await hostStub(pool, 'box').execute(orderOf(1, 1))).toBe('offline');
  expect(await hostStub(pool, 'box').execute(orderOf(1, 2))).toBe('sent');
  await host.next('task:execute');
  expect(host.frames.filter(({ type }) => type === 'task:execute')).toHaveLength(1);
});

it('[R6] a repeated order that was sent before its connection went is not called unsent', async () => {
  const pool = freshPool();
  const stub = hostStub(pool, 'box');
  const host = await v2Host(pool, 'box');
  expect(await stub.execute(orderOf(1, 1))).toBe('sent');
  host.close();
  await until(
    () => stub.lastSeen(),
    (seen) => seen === null,
  );
  expect(await stub.execute(orderOf(1, 1))).toBe('already_sent');
  expect(await stub.execute(orderOf(2, 1))).toBe('offline');
});

it('[R6] what was sent on a lost connection, and the host does not name, is sent again when it is ordered again', async () => {
  const pool = freshPool();
  const stub = hostStub(pool, 'box');
  const before = await v2Host(pool, 'box');
  expect(await stub.execute(orderOf(1, 1))).toBe('sent');
  before.close();
  await until(
    () => schedulerOf(pool).getHost('box'),
    (host) => host?.status === 'offline',
  );
  const host = await Client.connect(pool, 'box');
  const release = await blocked(env.SCHEDULER.getByName(pool));
  host.send(registerV2('box'));
  await until(
    () => stub.lastSeen(),
    (seen) => seen !== null,
  );
  expect(await stub.execute(orderOf(1, 2))).toBe('sent');
  await release();
  expect(await host.next('task:execute')).toMatchObject({ attempt: 1 });
});

it('[L2] a further attempt at the same host stops the one before', async () => {
  const pool = freshPool();
  const host = await v2Host(pool, 'box');
  await hostStub(pool, 'box').execute(orderOf(1, 1));
  await hostStub(pool, 'box').execute(orderOf(2, 1));
  expect(await host.next('task:abort')).toMatchObject({ taskId: 't', attempt: 1 });
  expect(await host.next('task:execute')).toMatchObject({ attempt: 2 });
});

it('[R8] a task that fits into no frame is answered, not thrown at for ever', async () => {
  const pool = freshPool();
  await v2Host(pool, 'box');
  expect(await hostStub(pool, 'box').execute(orderOf(1, 1, 'x'.repeat(1_100_000)))).toBe('unsendable');
  expect(await hostStub(pool, 'box').execute(orderOf(1, 1))).toBe('sent');
});

it('[L2] a silent run of a version-1 host that was given up while it was away is stopped when it returns', async () => {
  const pool = freshPool();
  const before = await v1Host(pool, 'old-box');
  const { task } = await createTask(pool, { hostId: 'old-box' });
  await before.next('task:execute');
  before.send({ type: 'task:started', taskId: task.id, sessionId: '' });
  await until(
    () => taskView(pool, task.id),
    (view) => view.task.status === 'running',
  );
  before.close();
  await until(
    () => taskView(pool, task.id),
    (view) => view.task.waiting?.reason === 'host_reconnecting',
  );
  expect(await schedulerOf(pool).abortTask(task.id)).toEqual({ kind: 'accepted' });
  await until(
    () => taskView(pool, task.id),
    (view) => view.task.status === 'aborted',
  );
  const host = await Client.connect(pool, 'old-box');
  host.send(registerV1('old-box'));
  expect(await host.next('task:abort')).toEqual({ type: 'task:abort', taskId: task.id });
  expect(host.frames[0]?.type).toBe('registered');
  host.send({ type: 'task:failed', taskId: task.id, error: 'aborted' });
  host.send({ type: 'task:failed', taskId: 'stray', error: 'x' });
  expect((await host.next('task:abort')).taskId).toBe('stray');
});
