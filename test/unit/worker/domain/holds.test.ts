import { describe, expect, test } from 'vitest';
import { taskRefused } from '../../../../worker/domain/commands/host-reports.ts';
import { viewTask } from '../../../../worker/domain/public-task.ts';
import { SETTINGS, World, type WorldHost } from './pool-world.ts';

const { START_TIMEOUT_MS } = SETTINGS;
const DISK = { reason: 'full', message: 'the disk of this host is full' } as const;

function offered(): { world: World; host: WorldHost } {
  const world = new World([2]);
  const host = world.host('h0');
  world.connect(host);
  world.create();
  world.deliverAll();
  return { world, host };
}

/** The host says so of the last offer of `t0`. */
function refuse(world: World, host: WorldHost) {
  const attempt = world.pool.task('t0')?.offer ?? 0;
  host.runs.clear();
  const link = { hostId: host.id, epoch: host.epoch };
  world.decide((pool, now) => taskRefused(pool, link, { taskId: 't0', attempt }, DISK, now));
  return attempt;
}

function status(world: World) {
  return world.pool.task('t0')?.status;
}

describe('[R3] a host that is full', () => {
  test('is left alone for twice as long each time, for at most five minutes', () => {
    const { world, host } = offered();
    for (let holdMs = START_TIMEOUT_MS; holdMs < 600_000; holdMs *= 2) {
      refuse(world, host);
      world.pass(Math.min(holdMs, 300_000) - 1);
      expect(status(world)).toBe('queued');
      world.pass(1);
      expect(status(world)).toBe('assigned');
      world.deliverAll();
    }
    expect(world.pool.task('t0')).toMatchObject({ starts: 0, unstarted: 0 });
  });

  test('begins anew once it has taken a task, or registered', () => {
    const { world, host } = offered();
    const refuseTwice = () => {
      refuse(world, host);
      world.pass(START_TIMEOUT_MS);
      world.deliverAll();
      refuse(world, host);
    };
    refuseTwice();
    world.pass(2 * START_TIMEOUT_MS);
    world.deliverAll();
    world.startAll(host);
    expect(world.pool.host('h0')?.full).toBeUndefined();
    world.end(host, 0, true, 0);
    world.create();
    expect(world.pool.task('t1')?.status).toBe('assigned');
    const again = offered();
    refuse(again.world, again.host);
    again.world.connect(again.host);
    expect(status(again.world)).toBe('assigned');
  });

  test('is named with its reason where the task says why it waits', () => {
    const { world, host } = offered();
    refuse(world, host);
    const task = world.pool.task('t0');
    expect(task && viewTask(world.pool, task, null).task.waiting).toEqual({
      reason: 'all_hosts_busy',
      message: 'Every host that fits is busy or not answering: h0 0/1 (full: the disk of this host is full).',
    });
  });

  test('is offered work again when one of its tasks ends', () => {
    const world = new World([2, 2]);
    const host = world.host('h1');
    world.connect(host);
    world.create();
    world.deliverAll();
    world.startAll(host);
    world.create();
    world.deliverAll();
    world.refuse(host, 1);
    expect(world.pool.task('t1')?.status).toBe('queued');
    world.end(host, 0, true, 0);
    expect(world.pool.task('t1')?.status).toBe('assigned');
  });
});
