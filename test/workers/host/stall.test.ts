import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { CLOSE } from '../../../shared/close-codes.ts';
import { MAX_UNSTORED_BYTES } from '../../../shared/limits.ts';
import { EndsStore } from '../../../worker/store/host-ends-store.ts';
import { RunsStore } from '../../../worker/store/host-runs-store.ts';
import { blocked } from './blocked.ts';
import { type Client, Client as Connection, freshPool, hostStub, registerV2, v1Host, v2Host } from './client.ts';
import { createTask, event, story, taskView, until } from './pool.ts';

async function executed(host: Client): Promise<{ taskId: string; attempt: number }> {
  const frame = await host.next('task:execute');
  return { taskId: z.object({ task: z.object({ taskId: z.string() }) }).parse(frame).task.taskId, attempt: 1 };
}

it('[R8] a task whose log is stuck holds up no other task of its host', async () => {
  const pool = freshPool();
  const host = await v2Host(pool, 'box', {
    capabilities: { name: 'x', agents: ['opencode'], maxConcurrent: 9, cwd: '/' },
  });
  const stuck = await createTask(pool);
  let other = await createTask(pool);
  while (other.log === stuck.log) other = await createTask(pool);
  const release = await blocked(env.LOG.getByName(stuck.log));
  const run = (taskId: string) => ({ taskId, attempt: 1 });
  host.send({ type: 'task:events', ...run(stuck.task.id), seq: 1, events: [event('late')] });
  host.send({ type: 'task:events', ...run(other.task.id), seq: 1, events: [event('now')] });
  expect(await host.next('task:ack')).toMatchObject(run(other.task.id));
  await release();
  expect(await host.next('task:ack')).toMatchObject(run(stuck.task.id));
});

it('[R6] closes a socket with more than MAX_UNSTORED_BYTES unstored; nothing is lost', async () => {
  const pool = freshPool();
  const host = await v2Host(pool, 'box');
  const view = await createTask(pool);
  const run = await executed(host);
  host.send({ type: 'task:started', ...run, sessionId: '' });
  await until(
    () => story(view),
    (lines) => lines.includes('running'),
  );
  const release = await blocked(env.LOG.getByName(view.log));
  const content = 'x'.repeat(60_000);
  const batches = Math.ceil(MAX_UNSTORED_BYTES / (4 * 60_000)) + 1;
  const batch = (index: number) => ({
    type: 'task:events',
    ...run,
    seq: index * 4 + 1,
    events: Array.from({ length: 4 }, () => event(content)),
  });
  for (let index = 0; index < batches; index += 1) host.send(batch(index));
  expect((await host.untilClosed()).code).toBe(CLOSE.OVERLOADED);
  await release();
  const again = await Connection.connect(pool, 'box');
  const lastSeq = batches * 4;
  again.send(registerV2('box', { runs: [{ ...run, lastSeq, finished: false }] }));
  const registered = await again.next('registered');
  const { runs } = z.object({ runs: z.array(z.object({ ackedSeq: z.int() })) }).parse(registered);
  const acked = runs[0]?.ackedSeq ?? 0;
  for (let index = Math.floor(acked / 4); index < batches; index += 1) again.send(batch(index));
  await until(
    async () => (await again.next('task:ack')).seq,
    (seq) => seq === lastSeq,
  );
  const told = await story(view);
  expect(told.filter((line) => line === content)).toHaveLength(lastSeq);
});

it('[L4] a version-1 result that was kept is delivered by the alarm', async () => {
  const pool = freshPool();
  const host = await v1Host(pool, 'box');
  const view = await createTask(pool);
  const run = { ...(await executed(host)), log: view.log };
  await runInDurableObject(hostStub(pool, 'box'), (_, ctx) => {
    new EndsStore(ctx.storage.sql).keep(run, { kind: 'completed', result: { success: true, output: 'kept' } }, 0);
  });
  await runDurableObjectAlarm(hostStub(pool, 'box'));
  const done = await until(
    () => taskView(pool, run.taskId),
    ({ task }) => task.status === 'completed',
  );
  expect(done.task.result?.output).toBe('kept');
  const left = () =>
    runInDurableObject(hostStub(pool, 'box'), (_, ctx) => ({
      due: new EndsStore(ctx.storage.sql).nextDue(),
      row: new RunsStore(ctx.storage).get(run.taskId),
    }));
  expect(await until(left, ({ due }) => due === null)).toEqual({ due: null, row: null });
});
