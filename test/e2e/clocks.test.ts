import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Daemon } from './harness/daemon.ts';
import { isAlive } from './harness/proc.ts';
import { script } from './harness/prompt.ts';
import { REPOSITORY } from './harness/repository.ts';
import type { Server } from './harness/server.ts';
import { pidsIn } from './harness/tree.ts';
import { until, untilTrue } from './harness/wait.ts';
import { type Entry, entryText } from './harness/wire.ts';
import { World } from './harness/world.ts';

const HOUR_MS = 3_600_000;
const HEARTBEAT_TIMEOUT_MS = 3_000;
/** Less than the clocks of the hosts are off. */
const TOKEN_SECONDS = 600;
const SHIFTED_CLOCK = pathToFileURL(join(REPOSITORY, 'test/e2e/harness/shifted-clock.ts')).href;

const world = new World();
let server: Server;
beforeAll(async () => {
  server = await world.server({ HEARTBEAT_INTERVAL_MS: '1000', HEARTBEAT_TIMEOUT_MS: String(HEARTBEAT_TIMEOUT_MS) });
});
afterAll(() => world.close());

/** A host whose clock is wrong. By its own clock its token has expired, or is yet to be issued. */
function hostWithClock(hours: number): Promise<Daemon> {
  const hostId = world.name('host');
  const exp = Math.floor(Date.now() / 1000) + TOKEN_SECONDS;
  const env = { NODE_OPTIONS: `--import=${SHIFTED_CLOCK}`, TEST_CLOCK_OFFSET_MS: String(hours * HOUR_MS) };
  return world.onlineDaemon(server, { hostId, token: server.token({ sub: hostId, role: 'host', exp }), env });
}

/** Hours by which a moment is off the server's clock, which is this process's too. */
function hoursOff(ms: number): number {
  return Math.round((ms - Date.now()) / HOUR_MS) + 0;
}

function timestampsOf(log: Entry[]): number[] {
  return log.flatMap((entry) => (!('status' in entry) ? [entry.event.timestamp] : []));
}

describe.each([0, 3, -3])('[R14] a host whose clock is off by %i h', (hours) => {
  let daemon: Daemon;
  beforeAll(async () => {
    daemon = await hostWithClock(hours);
  });

  test('is dropped in mid-task and comes back; its times are kept as given, the server’s stand beside them', async () => {
    const api = server.api();
    const gate = join(world.dir, world.name('gate'));
    const { id } = await api.createTask(script(['print one', `wait ${gate}`, 'print two'], { hostId: daemon.hostId }));
    await untilTrue('the first event', async () => timestampsOf(await api.log(id)).length === 1);
    await daemon.crash();
    await api.untilHost(daemon.hostId, 'offline');
    daemon.startAgain();
    await api.untilHost(daemon.hostId, 'busy');
    writeFileSync(gate, '');
    const task = await api.untilStatus(id, 'completed');
    expect(task).toMatchObject({ attempt: 1, result: { success: true, exitCode: 0 } });
    expect([task.createdAt, task.startedAt ?? 0, task.finishedAt ?? 0].map(hoursOff)).toEqual([0, 0, 0]);
    // By a clock that does not jump.
    expect(Math.floor((task.result?.duration ?? -1) / HOUR_MS)).toBe(0);
    const log = await api.finishedLog(id);
    expect(log.map(entryText)).toEqual(['[queued]', '[assigned]', '[running]', 'one', 'two', '[completed]']);
    expect(log.map(({ at }) => hoursOff(at))).toEqual([0, 0, 0, 0, 0, 0]);
    expect(timestampsOf(log).map(hoursOff)).toEqual([hours, hours]);
  });

  test('stays online beyond the heartbeat timeout', async () => {
    const api = server.api();
    const before = await api.untilHost(daemon.hostId, 'online');
    const last = await until('a later heartbeat', async () => {
      const host = await api.host(daemon.hostId);
      const isLater = host !== undefined && host.lastHeartbeat > before.lastHeartbeat + HEARTBEAT_TIMEOUT_MS;
      return isLater ? host : undefined;
    });
    expect(last.connectedAt).toBe(before.connectedAt);
    expect([last.connectedAt, last.lastHeartbeat].map(hoursOff)).toEqual([0, 0]);
  });

  test('is aborted', async () => {
    const api = server.api();
    const up = join(world.dir, world.name('up'));
    const { id } = await api.createTask(script([`touch ${up}`, 'sleep 3600000'], { hostId: daemon.hostId }));
    await untilTrue('the agent is up', () => existsSync(up));
    expect(await api.abort(id)).toBe(202);
    expect(await api.untilStatus(id, 'aborted')).toMatchObject({ attempt: 1, error: { code: 'aborted' } });
    expect((await api.finishedLog(id)).map(entryText)).toEqual(['[queued]', '[assigned]', '[running]', '[aborted]']);
  });

  test('ends a task at its time limit', async () => {
    const api = server.api();
    const dir = join(world.dir, world.name('tree'));
    const { id } = await api.createTask(script([`tree ${dir}`], { hostId: daemon.hostId, timeout: 4_000 }));
    const pids = await pidsIn(dir);
    expect(await api.untilStatus(id, 'timeout')).toMatchObject({ attempt: 1, error: { code: 'timeout' } });
    await untilTrue('the whole tree is gone', () => !pids.some(isAlive));
    expect((await api.finishedLog(id)).map(entryText)).toEqual(['[queued]', '[assigned]', '[running]', '[timeout]']);
  });
});
