import { describe, expect, test } from 'vitest';
import type { HostLostPolicy } from '../../../../shared/task.ts';
import { viewTask } from '../../../../worker/domain/public-task.ts';
import { SETTINGS, World, type WorldHost } from './pool-world.ts';

/** `t0` runs on `h0`; `h1` is online and free. */
function running(onHostLost: HostLostPolicy, protocol: 1 | 2 = 2): { world: World; host: WorldHost } {
  const world = new World([protocol, 2]);
  const host = world.host('h0');
  world.connect(host);
  world.create(onHostLost);
  world.deliverAll();
  world.startAll(host);
  world.connect(world.host('h1'));
  return { world, host };
}

function state(world: World) {
  const task = world.pool.task('t0');
  return { status: task?.status, hostId: task?.hostId, offer: task?.offer, code: task?.error?.code };
}

const KEPT = { status: 'running', hostId: 'h0', offer: 1, code: undefined };
const LOST = { status: 'failed', hostId: 'h0', offer: 1, code: 'host_lost' };

describe('[L8] a task whose host stays away for longer than the grace', () => {
  test('requeue: goes to another host', () => {
    const { world, host } = running('requeue');
    world.lose(host);
    expect(state(world)).toMatchObject({ status: 'assigned', hostId: 'h1', offer: 2 });
  });

  test('fail: ends at the end of the grace, and its host is told to stop it when it returns', () => {
    const { world, host } = running('fail');
    world.drop(host);
    world.pass(SETTINGS.RECONNECT_GRACE_MS - 1);
    expect(state(world)).toEqual(KEPT);
    world.pass(1);
    expect(state(world)).toEqual(LOST);
    world.connect(host);
    expect(host.runs.size).toBe(0);
  });

  test.each([1, 2] as const)('wait: is kept for its host of version %i, which goes on with it', (protocol) => {
    const { world, host } = running('wait', protocol);
    world.lose(host);
    world.pass(SETTINGS.QUEUE_TIMEOUT_MS - SETTINGS.RECONNECT_GRACE_MS - 1);
    expect(state(world)).toEqual(KEPT);
    world.connect(host);
    world.end(host, 0, true, 0);
    expect(state(world)).toMatchObject({ status: 'completed', offer: 1 });
  });

  test('[L1] wait: but for no longer than QUEUE_TIMEOUT_MS', () => {
    const { world, host } = running('wait');
    world.drop(host);
    world.pass(SETTINGS.QUEUE_TIMEOUT_MS);
    expect(state(world)).toEqual(LOST);
  });

  test('wait: leaves no deadline that is always due, and no host is forgotten under its task', () => {
    const { world, host } = running('wait');
    world.lose(host);
    expect(world.pool.earliestDue()).toBe(world.now - SETTINGS.RECONNECT_GRACE_MS + SETTINGS.QUEUE_TIMEOUT_MS);
    expect(world.pool.host('h0')).not.toBeNull();
  });

  test('[C2] wait: says so', () => {
    const { world, host } = running('wait');
    world.lose(host);
    const task = world.pool.task('t0');
    const waiting = task === null ? undefined : viewTask(world.pool, task, null).task.waiting;
    expect(waiting).toEqual({
      reason: 'host_reconnecting',
      message: 'Host "h0" is away; the task is kept for it until it is back.',
    });
  });
});

describe('[R4] a host that comes back without the run', () => {
  test.each([
    ['requeue', { status: 'assigned', hostId: 'h1', offer: 2 }],
    ['wait', LOST],
    ['fail', LOST],
  ] as const)('%s', (policy, expected) => {
    const { world, host } = running(policy);
    world.drop(host);
    host.runs.clear();
    world.connect(host);
    expect(state(world)).toMatchObject(expected);
  });
});

test('[R4] an attempt that never started goes to another host, whatever the policy', () => {
  const world = new World([2, 2]);
  world.connect(world.host('h0'));
  world.create('fail');
  world.deliverAll();
  world.connect(world.host('h1'));
  world.drop(world.host('h0'));
  world.pass(SETTINGS.RECONNECT_GRACE_MS);
  expect(state(world)).toMatchObject({ status: 'assigned', hostId: 'h1', offer: 2 });
});
