import { expect, it } from 'vitest';
import { z } from 'zod';
import { CLOSE } from '../../../shared/close-codes.ts';
import { Client, freshPool, hostStub, registerV1, registerV2, v1Host, v2Host } from './client.ts';
import { createTask, event, schedulerOf, story, taskView, until } from './pool.ts';

const executeSchema = z.object({ attempt: z.int(), task: z.object({ taskId: z.string() }) });

async function executed(host: Client): Promise<{ taskId: string; attempt: number }> {
  const { attempt, task } = executeSchema.parse(await host.next('task:execute'));
  return { taskId: task.taskId, attempt };
}

it('[C1] closes a connection that says anything before register', async () => {
  const host = await Client.connect(freshPool(), 'box');
  host.send({ type: 'heartbeat', timestamp: 1 });
  expect((await host.untilClosed()).code).toBe(CLOSE.PROTOCOL);
  expect(host.frames).toEqual([]);
});

it('[C1] names the bad field of a register, then closes', async () => {
  const host = await Client.connect(freshPool(), 'box');
  host.send(registerV1('box', { maxConcurrent: 0 }));
  expect(await host.next('registered')).toMatchObject({ ok: false, error: expect.stringContaining('maxConcurrent') });
  expect((await host.untilClosed()).code).toBe(CLOSE.PROTOCOL);
});

it('[C1] refuses a register of another host id', async () => {
  const pool = freshPool();
  const host = await Client.connect(pool, 'box');
  host.send(registerV1('other'));
  expect(await host.next('registered')).toMatchObject({ ok: false, error: expect.stringContaining('hostId') });
  await host.untilClosed();
  expect(await schedulerOf(pool).listHosts()).toEqual([]);
});

it('[C1] answers version 1 with exactly its fields, version 2 with settings', async () => {
  const pool = freshPool();
  const old = await v1Host(pool, 'old');
  expect(old.frames).toEqual([{ type: 'registered', ok: true }]);
  const young = await v2Host(pool, 'young');
  expect(young.frames).toEqual([
    {
      type: 'registered',
      ok: true,
      protocol: 2,
      settings: { heartbeatInterval: 30_000, heartbeatTimeout: 90_000 },
      runs: [],
    },
  ]);
});

it('[C1] sends execute after registered, to a host that was awaited', async () => {
  const pool = freshPool();
  const views = await Promise.all([createTask(pool), createTask(pool)]);
  const host = await Client.connect(pool, 'box');
  host.send(registerV2('box'));
  const first = await executed(host);
  const second = await executed(host);
  expect([first.taskId, second.taskId].sort()).toEqual(views.map(({ task }) => task.id).sort());
  expect(host.frames[0]?.type).toBe('registered');
});

it('takes frames that a host sends right behind its register', async () => {
  const pool = freshPool();
  const host = await Client.connect(pool, 'box');
  host.send(registerV1('box'));
  host.send({ type: 'heartbeat', timestamp: 1 });
  host.send({ type: 'task:event', taskId: 'nobodys', event: event('x') });
  await host.next('registered');
  expect((await host.next('task:abort')).taskId).toBe('nobodys');
});

it('[R5] closes the older connection, whose frames and close change nothing', async () => {
  const pool = freshPool();
  const older = await v2Host(pool, 'box');
  const view = await createTask(pool);
  const run = await executed(older);
  older.send({ type: 'task:started', ...run, sessionId: '' });
  await until(
    () => taskView(pool, run.taskId),
    ({ task }) => task.status === 'running',
  );
  const newer = await v2Host(pool, 'box', { runs: [{ ...run, lastSeq: 0, finished: false }] });
  expect((await older.untilClosed()).code).toBe(CLOSE.REPLACED);
  newer.send({ type: 'task:events', ...run, seq: 1, events: [event('one')] });
  await newer.next('task:ack');
  const [host] = await schedulerOf(pool).listHosts();
  expect(host?.status).toBe('busy');
  expect((await taskView(pool, run.taskId)).task.status).toBe('running');
  expect((await story(view)).at(-1)).toBe('one');
});

it('[R4] says what of a returning run is stored, and goes on from there', async () => {
  const pool = freshPool();
  const before = await v2Host(pool, 'box');
  const view = await createTask(pool);
  const run = await executed(before);
  before.send({ type: 'task:events', ...run, seq: 1, events: [event('one'), event('two')] });
  await before.next('task:ack');
  before.close();
  const host = await Client.connect(pool, 'box');
  host.send(registerV2('box', { runs: [{ ...run, lastSeq: 3, finished: true }] }));
  expect(await host.next('registered')).toMatchObject({ runs: [{ ...run, verdict: 'continue', ackedSeq: 2 }] });
  expect(await hostStub(pool, 'box').execute({ ...run, epoch: 2, log: view.log, task: orderOf(run.taskId) })).toBe(
    'already_sent',
  );
  host.send({ type: 'task:events', ...run, seq: 2, events: [event('two'), event('three')] });
  host.send({ type: 'task:completed', ...run, seq: 3, result: { success: true } });
  expect((await host.next('task:settled')).outcome).toBe('committed');
  expect((await story(view)).slice(-4)).toEqual(['one', 'two', 'three', 'completed']);
});

function orderOf(taskId: string) {
  return { taskId, prompt: 'x', cwd: '/', agentType: 'opencode', timeout: 1000 };
}

it('sends the configuration after registered', async () => {
  const pool = freshPool();
  (await v2Host(pool, 'box')).close();
  const config = { heartbeatInterval: 5000 };
  await schedulerOf(pool).patchHostConfig('box', config);
  const host = await Client.connect(pool, 'box');
  host.send(registerV2('box'));
  expect(await host.next('config:update')).toEqual({ type: 'config:update', config });
  expect(host.frames[0]?.type).toBe('registered');
});
