import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';

import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { CLOSE } from '../../../shared/close-codes.ts';
import { HEARTBEAT_REQUEST } from '../../../shared/protocol/heartbeat.ts';
import { REGISTER_TIMEOUT_MS } from '../../../worker/domain/host-deadlines.ts';
import { Client, freshPool, hostStub, v1Host, v2Host } from './client.ts';
import { createTask, schedulerOf, until } from './pool.ts';

const INTERVAL_MS = 30_000;
const TIMEOUT_MS = 90_000;

/** Objects run in this isolate: its clock is theirs. Only `Date` stands still; timers and alarms go on. */
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
});

afterEach(() => {
  vi.useRealTimers();
});

async function alarmAfter(pool: string, hostId: string, ms: number): Promise<void> {
  vi.setSystemTime(Date.now() + ms);
  await runDurableObjectAlarm(hostStub(pool, hostId));
}

async function statusOf(pool: string): Promise<string | undefined> {
  const [host] = await schedulerOf(pool).listHosts();
  return host?.status;
}

it('[L6] closes a host that shows no sign of life, and takes it offline', async () => {
  const pool = freshPool();
  const host = await v2Host(pool, 'box');
  await alarmAfter(pool, 'box', TIMEOUT_MS - 1);
  expect(await hostStub(pool, 'box').lastSeen()).not.toBe(null);
  await alarmAfter(pool, 'box', 1);
  expect((await host.untilClosed()).code).toBe(CLOSE.SILENT);
  await until(
    () => statusOf(pool),
    (status) => status === 'offline',
  );
});

it('[L6] takes any frame as a sign of life', async () => {
  const pool = freshPool();
  const host = await v2Host(pool, 'box');
  vi.setSystemTime(Date.now() + TIMEOUT_MS - 1);
  host.send({ type: 'something:new' });
  const seen = Date.now();
  await until(
    () => hostStub(pool, 'box').lastSeen(),
    (at) => at === seen,
  );
  await alarmAfter(pool, 'box', 1);
  expect(await hostStub(pool, 'box').lastSeen()).toBe(seen);
});

it('[L12] answers heartbeats of version 2 without waking, and counts them', async () => {
  const pool = freshPool();
  const host = await v2Host(pool, 'box');
  await evictDurableObject(hostStub(pool, 'box'));
  host.sendRaw(HEARTBEAT_REQUEST);
  expect(await host.next('heartbeat:ok')).toEqual({ type: 'heartbeat:ok' });
  await expect(evictDurableObject(hostStub(pool, 'box'))).rejects.toThrow();
});

it('[C1] pings version 1 every interval, and never sees the answer of version 2', async () => {
  const pool = freshPool();
  (await v2Host(pool, 'box')).close();
  const host = await v1Host(pool, 'box');
  await alarmAfter(pool, 'box', INTERVAL_MS);
  await host.next('ping');
  host.sendRaw(HEARTBEAT_REQUEST);
  await alarmAfter(pool, 'box', INTERVAL_MS);
  await host.next('ping');
  expect(host.frames.map((frame) => frame.type)).toEqual(['registered', 'ping', 'ping']);
});

it('[R1] judges nobody by an alarm that comes late, but once the grace is over', async () => {
  const pool = freshPool();
  const host = await v2Host(pool, 'box');
  await alarmAfter(pool, 'box', TIMEOUT_MS + 60_000);
  expect(await hostStub(pool, 'box').lastSeen()).not.toBe(null);
  await alarmAfter(pool, 'box', TIMEOUT_MS - 1);
  expect(host.closed).toBe(null);
  await alarmAfter(pool, 'box', 1);
  expect((await host.untilClosed()).code).toBe(CLOSE.SILENT);
});

it('[R1] tells the scheduler of a connection that died with the server', async () => {
  const pool = freshPool();
  await v2Host(pool, 'box');
  await evictDurableObject(hostStub(pool, 'box'), { webSockets: 'close' });
  expect(await hostStub(pool, 'box').lastSeen()).toBe(null);
  await until(
    () => statusOf(pool),
    (status) => status === 'offline',
  );
});

it('closes a connection that does not register in time', async () => {
  const pool = freshPool();
  const host = await Client.connect(pool, 'box');
  await alarmAfter(pool, 'box', REGISTER_TIMEOUT_MS);
  expect((await host.untilClosed()).code).toBe(CLOSE.PROTOCOL);
});

it('[C3] closes a connection when its token expires', async () => {
  const pool = freshPool();
  const expiresAt = Date.now() + 20_000;
  const host = await Client.connect(pool, 'box', { expiresAt });
  host.send({ type: 'register', hostId: 'box', capabilities: { name: 'x', agents: [], maxConcurrent: 1, cwd: '/' } });
  await host.next('registered');
  await alarmAfter(pool, 'box', 20_000);
  expect((await host.untilClosed()).code).toBe(CLOSE.UNAUTHENTICATED);
});

it('[R2] reports the first frame after a probe, and drops a silent host of that epoch only', async () => {
  const pool = freshPool();
  const host = await v2Host(pool, 'box');
  const stub = hostStub(pool, 'box');
  await stub.probe();
  await host.next('ping');
  host.send({ type: 'heartbeat', timestamp: Date.now() });
  const probing = () => runInDurableObject(stub, (_, ctx) => ctx.getWebSockets()[0]?.deserializeAttachment());
  await until(probing, (attachment) => attachment.probing === false);
  await stub.drop(99);
  expect(await stub.lastSeen()).not.toBe(null);
  await stub.drop(1);
  expect((await host.untilClosed()).code).toBe(CLOSE.SILENT);
});

it('goes offline at once when the host closes', async () => {
  const pool = freshPool();
  const host = await v2Host(pool, 'box');
  host.close();
  await until(
    () => statusOf(pool),
    (status) => status === 'offline',
  );
  const run = { taskId: 'x', attempt: 1, epoch: 1, log: 'x' };
  const { task } = await createTask(pool);
  const order = { ...run, task: { taskId: 'x', prompt: 'x', cwd: '/', agentType: 'opencode' } };
  expect(await hostStub(pool, 'box').execute(order)).toBe('offline');
  expect(task.waiting?.reason).toBe('no_host_online');
});
