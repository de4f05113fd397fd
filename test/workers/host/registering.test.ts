import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect, it } from 'vitest';
import { ConnectionStore } from '../../../worker/store/host-connection-store.ts';
import { blocked } from './blocked.ts';
import { Client, freshPool, hostStub, registerV1, registerV2 } from './client.ts';
import { event, schedulerOf, until } from './pool.ts';

function connectionOf(pool: string) {
  return runInDurableObject(hostStub(pool, 'box'), (_, ctx) => new ConnectionStore(ctx.storage.sql).get());
}

it('[C1] holds both directions until registered is out, in order', async () => {
  const pool = freshPool();
  const host = await Client.connect(pool, 'box');
  const release = await blocked(env.SCHEDULER.getByName(pool));
  host.send(registerV2('box'));
  await until(
    () => connectionOf(pool),
    (connection) => connection?.epoch === 1,
  );
  const run = { taskId: 'early', attempt: 1 };
  const task = { taskId: 'early', prompt: 'x', cwd: '/', agentType: 'opencode' };
  const stub = hostStub(pool, 'box');
  expect(await stub.execute({ ...run, epoch: 1, log: `${pool}/2026-01-01/0`, task })).toBe('sent');
  expect(await stub.execute({ ...run, epoch: 1, log: `${pool}/2026-01-01/0`, task })).toBe('already_sent');
  expect(
    await stub.execute({ taskId: 'gone', attempt: 1, epoch: 1, log: 'l', task: { ...task, taskId: 'gone' } }),
  ).toBe('sent');
  await stub.release({ taskId: 'gone', attempt: 1 });
  await stub.configure({ maxRetries: 1 });
  host.send({ type: 'task:events', taskId: 'unknown', attempt: 1, seq: 1, events: [event('x')] });
  expect(host.frames).toEqual([]);
  await release();
  await host.next('task:settled');
  expect(host.frames.map((frame) => frame.type)).toEqual([
    'registered',
    'task:execute',
    'config:update',
    'task:settled',
  ]);
});

it('[L6] a host that leaves while it registers ends offline', async () => {
  for (const register of [registerV1('box'), registerV2('box')]) {
    const pool = freshPool();
    const host = await Client.connect(pool, 'box');
    const release = await blocked(env.SCHEDULER.getByName(pool));
    host.send(register);
    await until(
      () => connectionOf(pool),
      (connection) => connection?.epoch === 1,
    );
    host.close();
    await until(
      () => connectionOf(pool),
      (connection) => connection?.state === 'lost',
    );
    await release();
    const closed = await until(
      () => connectionOf(pool),
      (connection) => connection?.state === 'closed' && connection.announced === 1,
    );
    expect(closed?.epoch).toBe(1);
    expect((await schedulerOf(pool).getHost('box'))?.status).toBe('offline');
  }
});
