import { evictDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect, it } from 'vitest';
import { type Client, freshPool, hostStub, v2Host } from './client.ts';
import { createTask, schedulerOf, story, taskView } from './pool.ts';

const FEATURES = { features: ['permissions'] };

function asked(id: string): object {
  const action = { tool: 'bash', title: 'rm -rf build', command: 'rm -rf build' };
  const approval = { state: 'asked', id, action, options: ['allow', 'deny'] };
  return { type: 'log', content: `asks ${id}`, data: { approval }, timestamp: 1 };
}

/** A task whose agent asks, on its host. */
async function askingTask(pool: string) {
  const host = await v2Host(pool, 'box', FEATURES);
  const view = await createTask(pool, { permissions: 'ask' });
  await host.next('task:execute');
  const run = { taskId: view.task.id, attempt: 1 };
  host.send({ type: 'task:started', ...run, sessionId: '' });
  host.send({ type: 'task:events', ...run, seq: 1, events: [asked('perm-1')] });
  await host.next('task:ack');
  return { host, view, run, scheduler: schedulerOf(pool) };
}

/** The host comes back with its run. */
function again(pool: string, run: object): Promise<Client> {
  return v2Host(pool, 'box', { ...FEATURES, runs: [{ ...run, lastSeq: 1, finished: false }] });
}

it('[R18] an answer reaches the host over evictions and a reconnect, until it is acknowledged', async () => {
  const pool = freshPool();
  const { host, view, run, scheduler } = await askingTask(pool);
  expect((await taskView(pool, run.taskId)).task).toMatchObject({ permissions: 'ask', pendingApprovals: 1 });
  expect(await story(view)).toContain('asks perm-1');
  await evictDurableObject(env.SCHEDULER.getByName(pool));
  expect(await scheduler.listApprovals(run.taskId)).toMatchObject([
    { id: 'perm-1', attempt: 1, status: 'pending', action: { command: 'rm -rf build' }, options: ['allow', 'deny'] },
  ]);

  host.close();
  await host.untilClosed();
  const decided = await scheduler.decideApproval(run.taskId, 'perm-1', 'allow', 'me');
  expect(decided).toMatchObject({ kind: 'decided', approval: { status: 'allowed', decidedBy: 'me' } });
  await evictDurableObject(env.SCHEDULER.getByName(pool));
  await evictDurableObject(hostStub(pool, 'box'));
  const back = await again(pool, run);
  const told = await back.next('approval:decided');
  expect(told).toMatchObject({ ...run, approvalId: 'perm-1', decision: 'allow' });

  // Not acknowledged: it comes again on the next connection, and after the acknowledgement no more.
  back.close();
  await back.untilClosed();
  const third = await again(pool, run);
  expect(await third.next('approval:decided')).toEqual(told);
  third.send({ type: 'input:ack', ...run, inputId: told.inputId });
  third.send({ type: 'task:completed', ...run, seq: 1, result: { success: true } });
  await third.next('task:settled');
  expect(third.frames.filter(({ type }) => type === 'approval:decided')).toHaveLength(1);
  expect(await scheduler.listApprovals(run.taskId)).toEqual([]);
});

it('[R18] what was noted is not acknowledged before SchedulerDO has it, and a repeat changes nothing', async () => {
  const pool = freshPool();
  const { host, run, scheduler } = await askingTask(pool);
  await scheduler.decideApproval(run.taskId, 'perm-1', 'deny', 'me');
  host.send({ type: 'task:events', ...run, seq: 1, events: [asked('perm-1')] });
  await host.next('task:ack');
  expect(await scheduler.listApprovals(run.taskId)).toMatchObject([{ id: 'perm-1', status: 'denied' }]);
  expect((await taskView(pool, run.taskId)).task.pendingApprovals).toBeUndefined();
});

it('[C2] approvals of a task that does not exist are null, and none can be decided', async () => {
  const scheduler = schedulerOf(freshPool());
  expect(await scheduler.listApprovals('none')).toBeNull();
  expect(await scheduler.decideApproval('none', 'a', 'allow', 'me')).toMatchObject({ code: 'not_found' });
});
