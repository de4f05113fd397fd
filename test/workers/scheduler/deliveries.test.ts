import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, expect, it, vi } from 'vitest';
import { CLOSE } from '../../../shared/close-codes.ts';
import { LogDO } from '../../../worker/objects/log/log-do.ts';
import { ConnectionStore } from '../../../worker/store/host-connection-store.ts';
import { blocked } from '../host/blocked.ts';
import { type Client, freshPool, hostStub, v2Host } from '../host/client.ts';
import { createTask, logOf, schedulerOf, taskView, until } from '../host/pool.ts';

/** SchedulerDO dies at once, whatever is under way. */
async function crash(pool: string): Promise<void> {
  await runInDurableObject(env.SCHEDULER.getByName(pool), (_, ctx) => ctx.abort('crash')).catch(() => {});
}

/** By a new stub: an old one stays broken after a crash. */
function alarm(pool: string): Promise<boolean> {
  return runDurableObjectAlarm(env.SCHEDULER.getByName(pool));
}

/** The one offer of a new task has reached the host, and SchedulerDO knows it. */
async function offered(pool: string, host: Client): Promise<string> {
  const { task } = await createTask(pool);
  await host.next('task:execute');
  await until(
    () => taskView(pool, task.id),
    (view) => view.task.attempt === 1,
  );
  return task.id;
}

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

it('[R8] an object that hangs does not hold up the alarm', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const pool = freshPool();
  const host = await v2Host(pool, 'box');
  const { log } = await createTask(pool);
  await host.next('task:execute');
  const release = await blocked(env.LOG.getByName(log));
  await alarm(pool);
  // Its call was still under way when the alarm was over.
  expect(warn).not.toHaveBeenCalled();
  await release();
});

it('[R8] new tasks are answered before their logs are written, and those of one log are written together', async () => {
  const gathering = { isOver: false };
  vi.spyOn(scheduler, 'wait').mockImplementation(async () => {
    await until(
      async () => gathering.isOver,
      (isOver) => isOver,
    );
  });
  const pool = freshPool();
  const views = await Promise.all(Array.from({ length: 40 }, () => createTask(pool)));
  const logs = new Set(views.map(({ log }) => log));
  expect(logs.size).toBeLessThan(views.length);
  const appended = vi.spyOn(LogDO.prototype, 'appendStatus');
  gathering.isOver = true;
  for (const view of views) {
    await until(
      () => logOf(view),
      (entries) => entries.length === 1,
    );
  }
  const ids = new Set(views.map(({ task }) => task.id));
  expect(appended.mock.calls.filter(([batches]) => batches.some(({ taskId }) => ids.has(taskId)))).toHaveLength(
    logs.size,
  );
});

it('[L1] an execute that died with SchedulerDO is sent by the alarm, with nobody else to wake it', async () => {
  const pool = freshPool();
  const host = await v2Host(pool, 'box');
  const release = await blocked(hostStub(pool, 'box'));
  await createTask(pool);
  await crash(pool);
  await release();
  await alarm(pool);
  await host.next('task:execute');
  expect(host.frames.filter(({ type }) => type === 'task:execute')).toHaveLength(1);
});

it('[R2] the end of a suspect connection that died with SchedulerDO is sent by the alarm', async () => {
  const pool = freshPool();
  const host = await v2Host(pool, 'box');
  await offered(pool, host);
  const start = Date.now();
  vi.useFakeTimers({ toFake: ['Date'], now: start + 15_500 });
  await alarm(pool);
  await host.next('ping');
  const release = await blocked(hostStub(pool, 'box'));
  vi.setSystemTime(start + 31_000);
  await alarm(pool);
  expect((await schedulerOf(pool).getHost('box'))?.status).toBe('offline');
  await crash(pool);
  await release();
  await alarm(pool);
  expect((await host.untilClosed()).code).toBe(CLOSE.SILENT);
});

it('[R2] a host that shows life after a probe is offered work again', async () => {
  const pool = freshPool();
  const host = await v2Host(pool, 'box');
  const taskId = await offered(pool, host);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 15_500 });
  await alarm(pool);
  await host.next('ping');
  expect((await taskView(pool, taskId)).task).toMatchObject({ status: 'queued', attempt: 1 });
  host.send({ type: 'heartbeat', timestamp: 1 });
  expect(await host.next('task:execute')).toMatchObject({ attempt: 2 });
});

it('[L6] a loss that HostDO could not report before it died is reported when it wakes', async () => {
  const pool = freshPool();
  const host = await v2Host(pool, 'box');
  const stub = hostStub(pool, 'box');
  await runInDurableObject(stub, (_, ctx) => new ConnectionStore(ctx.storage.sql).lose(1));
  await runInDurableObject(stub, (_, ctx) => ctx.storage.deleteAlarm());
  await evictDurableObject(stub);
  await stub.lastSeen();
  await until(
    () => schedulerOf(pool).getHost('box'),
    (status) => status?.status === 'offline',
  );
  host.close();
});
