import { expect, it } from 'vitest';
import { figuresOf } from '../../../../worker/domain/pool-figures.ts';
import { SETTINGS, World } from './pool-world.ts';

const NOTHING = {
  tasks: { queued: 0, assigned: 0, running: 0 },
  oldestQueuedAt: null,
  pendingApprovals: 0,
  hosts: { online: 0, busy: 0, offline: 0 },
  slots: { used: 0, free: 0 },
};

it('[R32] an empty pool is all zeros', () => {
  expect(figuresOf(new World([]).pool)).toEqual(NOTHING);
});

it('[R32] tells what waits and since when, what runs, and what the hosts online have left', () => {
  // h0 has one slot, h1 two.
  const world = new World([2, 2]);
  const since = world.now;
  world.create();
  world.now += 500;
  world.create();
  expect(figuresOf(world.pool)).toEqual({
    ...NOTHING,
    tasks: { queued: 2, assigned: 0, running: 0 },
    oldestQueuedAt: since,
  });

  world.connect(world.host('h0'));
  world.deliverAll();
  world.startAll(world.host('h0'));
  expect(figuresOf(world.pool)).toEqual({
    ...NOTHING,
    tasks: { queued: 1, assigned: 0, running: 1 },
    oldestQueuedAt: since + 500,
    hosts: { online: 0, busy: 1, offline: 0 },
    slots: { used: 1, free: 0 },
  });

  world.connect(world.host('h1'));
  expect(figuresOf(world.pool)).toMatchObject({
    tasks: { queued: 0, assigned: 1, running: 1 },
    hosts: { online: 0, busy: 2, offline: 0 },
    slots: { used: 2, free: 1 },
  });

  world.drop(world.host('h1'));
  expect(figuresOf(world.pool)).toMatchObject({ hosts: { busy: 1, offline: 1 }, slots: { used: 1, free: 0 } });
});

it('[R32] a task that was queued again waits since then, and not at all in the backoff of its retry', () => {
  const world = new World([2]);
  const host = world.host('h0');
  world.connect(host);
  world.create('requeue', { maxAttempts: 2, backoffMs: 10_000 });
  world.deliverAll();
  world.startAll(host);
  world.now += 3_000;
  world.drop(host);
  world.pass(SETTINGS.RECONNECT_GRACE_MS);
  expect(figuresOf(world.pool)).toMatchObject({ tasks: { queued: 1 }, oldestQueuedAt: world.now });

  const [task] = world.pool.activeTasks();
  if (task === undefined) throw new Error('the task is gone');
  world.decide((pool) => pool.putTask({ ...task, retryAt: world.now + 1 }));
  expect(figuresOf(world.pool)).toMatchObject({ tasks: { queued: 1 }, oldestQueuedAt: null });
});
