import { evictDurableObject } from 'cloudflare:test';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { type Client, freshPool, hostStub, v1Host, v2Host } from './client.ts';
import { createTask, event, story, taskView, until } from './pool.ts';

async function executed(host: Client): Promise<string> {
  const frame = await host.next('task:execute');
  return z.object({ task: z.object({ taskId: z.string() }) }).parse(frame).task.taskId;
}

it('[L3] goes on with the events of version 1 after sleep, without loss or repeat', async () => {
  const pool = freshPool();
  const host = await v1Host(pool, 'box');
  const view = await createTask(pool);
  const taskId = await executed(host);
  for (let round = 1; round <= 3; round += 1) {
    host.send({ type: 'task:event', taskId, event: event(`${round}a`) });
    host.send({ type: 'task:event', taskId, event: event(`${round}b`) });
    await until(
      () => story(view),
      (lines) => lines.at(-1) === `${round}b`,
    );
    await evictDurableObject(hostStub(pool, 'box'));
  }
  host.send({ type: 'task:completed', taskId, result: { success: true } });
  const told = await until(
    () => story(view),
    (lines) => lines.at(-1) === 'completed',
  );
  expect(told.slice(told.indexOf('running'))).toEqual(['running', '1a', '1b', '2a', '2b', '3a', '3b', 'completed']);
});

it('[R7] knows after sleep what is stored of a version-2 run', async () => {
  const pool = freshPool();
  const host = await v2Host(pool, 'box');
  await createTask(pool);
  const run = { taskId: await executed(host), attempt: 1 };
  host.send({ type: 'task:events', ...run, seq: 1, events: [event('one'), event('two')] });
  expect((await host.next('task:ack')).seq).toBe(2);
  await evictDurableObject(hostStub(pool, 'box'));
  host.send({ type: 'task:completed', ...run, seq: 4, result: { success: true } });
  expect((await host.next('task:ack')).seq).toBe(2);
  expect((await host.next('task:settled')).outcome).toBe('retry');
  host.send({ type: 'task:events', ...run, seq: 3, events: [event('three'), event('four')] });
  host.send({ type: 'task:completed', ...run, seq: 4, result: { success: true } });
  expect((await host.next('task:settled')).outcome).toBe('committed');
  expect((await taskView(pool, run.taskId)).task.status).toBe('completed');
});

it('[L2] answers frames of another attempt superseded, and logs nothing of them', async () => {
  const pool = freshPool();
  const host = await v2Host(pool, 'box');
  const view = await createTask(pool);
  const taskId = await executed(host);
  const other = { taskId, attempt: 7 };
  host.send({ type: 'task:events', ...other, seq: 1, events: [event('ghost')] });
  expect(await host.next('task:settled')).toEqual({ type: 'task:settled', ...other, outcome: 'superseded' });
  host.send({ type: 'task:completed', ...other, seq: 1, result: { success: true } });
  expect(await host.next('task:settled')).toEqual({ type: 'task:settled', ...other, outcome: 'superseded' });
  host.send({ type: 'task:started', taskId, attempt: 1, sessionId: '' });
  await until(
    () => taskView(pool, taskId),
    ({ task }) => task.status === 'running',
  );
  expect(await story(view)).not.toContain('ghost');
});

it('[R3] hands a refusal on, and a refused task goes to another host', async () => {
  const pool = freshPool();
  const first = await v2Host(pool, 'first');
  const { task } = await createTask(pool);
  const run = { taskId: await executed(first), attempt: 1 };
  const second = await v2Host(pool, 'second');
  first.send({ type: 'task:refused', ...run, reason: 'directory', message: 'outside the allowed roots' });
  expect(await executed(second)).toBe(task.id);
});

it('[C1] acknowledges inputs of version 2 by their id', async () => {
  const pool = freshPool();
  const host = await v2Host(pool, 'box');
  await createTask(pool);
  const run = { taskId: await executed(host), attempt: 1 };
  const stub = hostStub(pool, 'box');
  expect(await stub.input(run, 'in-1', 'hello')).toBe('sent');
  expect(await stub.input(run, 'in-1', 'hello')).toBe('already_sent');
  expect(await host.next('task:input')).toEqual({ type: 'task:input', ...run, inputId: 'in-1', content: 'hello' });
  expect(await stub.abort(run)).toBe('sent');
  expect(await stub.abort(run)).toBe('already_sent');
  expect(await host.next('task:abort')).toEqual({ type: 'task:abort', ...run });
  await stub.release(run);
  host.send({ type: 'task:started', ...run, sessionId: '' });
  expect((await host.next('task:settled')).outcome).toBe('superseded');
});
