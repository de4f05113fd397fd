import { describe, expect, test } from 'vitest';
import type { HostLostPolicy } from '../../../../shared/task.ts';
import { hostRegistered } from '../../../../worker/domain/commands/register.ts';
import { SETTINGS, World, type WorldHost } from './pool-world.ts';

/** `t0` runs on the daemon of state directory `one`. */
function running(onHostLost?: HostLostPolicy): { world: World; host: WorldHost } {
  const world = new World([2]);
  const host = world.host('h0');
  host.instance = 'one';
  world.connect(host);
  world.create(onHostLost);
  world.deliverAll();
  world.startAll(host);
  return { world, host };
}

const RUN = { taskId: 't0', attempt: 1, isFinished: false };

/** Another daemon takes the host id; it names those of `RUN` that it `has`. */
function swap(world: World, host: WorldHost, instance: string, has: boolean) {
  host.instance = instance;
  host.runs.clear();
  if (has) host.runs.set('t0.1', { ...RUN });
  return world.connect(host);
}

function state(world: World) {
  const task = world.pool.task('t0');
  return { status: task?.status, offer: task?.offer, starts: task?.starts };
}

describe('[R4] another daemon under the same host id', () => {
  test('says nothing about the runs of the one before: they get the grace, and go on when it is back', () => {
    const { world, host } = running();
    expect(swap(world, host, 'two', false)).toEqual([]);
    world.pass(SETTINGS.RECONNECT_GRACE_MS - 1);
    expect(state(world)).toEqual({ status: 'running', offer: 1, starts: 1 });
    expect(swap(world, host, 'one', true)).toMatchObject([{ verdict: 'continue' }]);
    world.pass(SETTINGS.RECONNECT_GRACE_MS);
    expect(state(world)).toEqual({ status: 'running', offer: 1, starts: 1 });
    world.end(host, 0, true, 0);
    expect(state(world)).toMatchObject({ status: 'completed', offer: 1 });
  });

  test('however often they take turns, the grace is counted once, and one attempt is lost', () => {
    const { world, host } = running();
    const step = SETTINGS.RECONNECT_GRACE_MS / 4;
    for (const instance of ['two', 'three', 'two', 'three']) {
      expect(state(world)).toEqual({ status: 'running', offer: 1, starts: 1 });
      swap(world, host, instance, false);
      world.pass(step);
    }
    expect(state(world)).toMatchObject({ status: 'assigned', offer: 2, starts: 1 });
    expect(swap(world, host, 'one', true)).toMatchObject([{ verdict: 'stop' }]);
  });

  test('what has not started yet is not given to it either while the first may have begun it', () => {
    const world = new World([2]);
    const host = world.host('h0');
    host.instance = 'one';
    world.connect(host);
    world.create();
    world.deliverAll();
    swap(world, host, 'two', false);
    expect(state(world)).toEqual({ status: 'assigned', offer: 1, starts: 0 });
  });

  test('leaves an offer alone that reached nobody yet', () => {
    const world = new World([2]);
    const host = world.host('h0');
    host.instance = 'one';
    world.connect(host);
    world.create();
    swap(world, host, 'two', false);
    expect(world.pool.task('t0')).toMatchObject({ status: 'assigned', offer: 1, awaySince: undefined });
  });

  test('does not keep the first from going on with what was given up and still waits', () => {
    const { world, host } = running();
    host.max = 0;
    swap(world, host, 'two', false);
    world.pass(SETTINGS.RECONNECT_GRACE_MS);
    expect(world.pool.task('t0')).toMatchObject({ status: 'queued', awaySince: undefined });
    swap(world, host, 'three', false);
    expect(swap(world, host, 'one', true)).toMatchObject([{ verdict: 'continue' }]);
  });

  test('holds none of them, so that it is sent nothing for them', () => {
    const { world, host } = running();
    const registration = {
      hostId: 'h0',
      epoch: host.epoch + 1,
      protocol: 2 as const,
      capabilities: { name: 'h0', agents: ['a'], maxConcurrent: 1, cwd: '/w' },
      features: [],
      withoutInput: [],
      instance: 'two',
      ip: '127.0.0.1',
      connectedAt: 0,
      runs: [],
    };
    const reply = world.decide((pool, now) => hostRegistered(pool, registration, now));
    expect(reply).toMatchObject({ kind: 'ok', assigned: [] });
  });

  test.each([
    ['fail', 'failed'],
    ['wait', 'running'],
  ] as const)('onHostLost %s: %s after the grace', (onHostLost, status) => {
    const { world, host } = running(onHostLost);
    swap(world, host, 'two', false);
    world.pass(SETTINGS.RECONNECT_GRACE_MS);
    expect(state(world)).toMatchObject({ status, offer: 1 });
  });

  test('the same daemon without the run has lost it, at once', () => {
    const { world, host } = running();
    swap(world, host, 'one', false);
    expect(state(world)).toMatchObject({ status: 'assigned', offer: 2 });
  });

  test('a restart of the server changes nothing of it', () => {
    const { world, host } = running();
    swap(world, host, 'two', false);
    world.restart(0);
    swap(world, host, 'two', false);
    expect(state(world)).toMatchObject({ status: 'running', offer: 1 });
    world.pass(2 * SETTINGS.RECONNECT_GRACE_MS);
    expect(state(world)).toMatchObject({ offer: 2 });
  });
});
