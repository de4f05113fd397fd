import { describe, expect, test } from 'vitest';
import { abortTask, patchHostConfig } from '../../../../worker/domain/commands/client.ts';
import { expire } from '../../../../worker/domain/commands/expire.ts';
import { executeAnswered } from '../../../../worker/domain/commands/host-link.ts';
import { taskEnded, taskRefused } from '../../../../worker/domain/commands/host-reports.ts';
import { hostRegistered } from '../../../../worker/domain/commands/register.ts';
import type { Pool } from '../../../../worker/domain/pool.ts';
import type { Owed } from '../../../../worker/domain/pool-effects.ts';
import type { HostRegistration } from '../../../../worker/rpc.ts';
import { SETTINGS, World, type WorldHost } from './pool-world.ts';

function worldOf(...protocols: (1 | 2)[]): World {
  const world = new World(protocols);
  for (const host of world.hosts) world.connect(host);
  return world;
}

function started(): { world: World; host: WorldHost } {
  const world = worldOf(2);
  world.create();
  world.deliverAll();
  world.startAll(world.host('h0'));
  return { world, host: world.host('h0') };
}

function linkOf({ id, epoch }: WorldHost) {
  return { hostId: id, epoch };
}

const RUN = { taskId: 't0', attempt: 1 };

/** What the command owes, as it is seen before the commit. */
function owedBy(world: World, command: (pool: Pool, now: number) => unknown): Owed[] {
  return world.decide((pool, now) => {
    command(pool, now);
    return [...pool.staged().owed];
  });
}

describe('abort', () => {
  test('[C2] of a task whose execute is still on its way ends it at once; the host is told in case it was', () => {
    const world = worldOf(2);
    world.create();
    expect(world.pool.task('t0')).toMatchObject({ status: 'assigned', delivered: false });
    const owed = owedBy(world, (pool, now) => abortTask(pool, 't0', now));
    expect(world.pool.task('t0')).toMatchObject({ status: 'aborted' });
    expect(owed).toContainEqual({ kind: 'release', hostId: 'h0', run: RUN });
    world.deliverAll();
    expect(world.host('h0').runs.size).toBe(0);
  });
});

describe('what must reach a host', () => {
  test('[R2] the closing of a suspect connection outlives a restart: else it would idle offline for ever', () => {
    const world = worldOf(2);
    world.create();
    world.deliverAll();
    world.host('h0').runs.clear();
    world.pass(SETTINGS.START_TIMEOUT_MS);
    expect(world.pool.host('h0')?.suspectAt).toBeDefined();
    world.now += SETTINGS.START_TIMEOUT_MS;
    const owed = owedBy(world, (pool, now) => expire(pool, now));
    expect(owed).toContainEqual({ kind: 'drop', hostId: 'h0', epoch: 1 });
  });

  test('[C2] and so does a configuration', () => {
    const world = worldOf(2);
    const owed = owedBy(world, (pool) => patchHostConfig(pool, 'h0', { maxRetries: 1 }));
    expect(owed).toEqual([{ kind: 'configure', hostId: 'h0', config: { maxRetries: 1 } }]);
  });
});

test('[R2] a task that cannot be sent fails and holds up nobody behind it', () => {
  const world = worldOf(2);
  world.create();
  const link = linkOf(world.host('h0'));
  world.decide((pool, now) => executeAnswered(pool, link, RUN, 'unsendable', now));
  expect(world.pool.task('t0')).toMatchObject({ status: 'failed', error: { code: 'start_failed' } });
});

describe('[R2] [R4] an offer', () => {
  test('that is not wanted any more by the time it was sent is called back', () => {
    const world = worldOf(2);
    world.create();
    world.abort(0);
    const host = world.host('h0');
    const owed = owedBy(world, (pool, now) => executeAnswered(pool, linkOf(host), RUN, 'sent', now));
    expect(owed).toEqual([{ kind: 'release', hostId: 'h0', run: RUN }]);
  });

  test('that was not delivered yet is not taken back by a registration that cannot name it', () => {
    const world = worldOf(2);
    world.create();
    world.connect(world.host('h0'));
    expect(world.pool.task('t0')).toMatchObject({ status: 'assigned', offer: 1, delivered: false });
  });

  test('to another host tells the earlier one to stop', () => {
    const { world, host } = started();
    world.hosts.push({ ...host, id: 'h1', epoch: 0, isConnected: false, runs: new Map() });
    world.connect(world.host('h1'));
    world.lose(host);
    expect(world.pool.task('t0')).toMatchObject({ status: 'assigned', hostId: 'h1' });
    expect(world.owed).toContainEqual({ kind: 'release', hostId: 'h0', run: RUN });
  });

  test('that a returning host does not name is not its any more, though the task waits', () => {
    const { world, host } = started();
    world.lose(host);
    expect(world.pool.task('t0')).toMatchObject({ status: 'queued', hostId: 'h0' });
    host.runs.clear();
    host.max = 0;
    world.connect(host);
    expect(world.pool.task('t0')).toMatchObject({ status: 'queued', hostId: undefined });
  });
});

test('[R2] a suspect is given up when it has been one for long enough, however many offers go unanswered meanwhile', () => {
  const world = new World([2, 2]);
  const host = world.host('h1');
  world.connect(host);
  world.create();
  world.deliverAll();
  world.pass(SETTINGS.START_TIMEOUT_MS / 2);
  world.create();
  world.deliverAll();
  world.pass(SETTINGS.START_TIMEOUT_MS / 2);
  const since = world.pool.host('h1')?.suspectAt;
  expect(since).toBe(world.now);
  world.pass(SETTINGS.START_TIMEOUT_MS / 2);
  expect(world.pool.task('t1')?.status).toBe('queued');
  expect(world.pool.host('h1')?.suspectAt).toBe(since);
});

test('[L1] a task that waits to be aborted ends at once when its host drops', () => {
  const { world, host } = started();
  world.abort(0);
  expect(world.pool.task('t0')?.status).toBe('running');
  world.drop(host);
  expect(world.pool.task('t0')?.status).toBe('aborted');
});

describe('[R4] a registration that is repeated', () => {
  test('does not take back what was offered since the first call', () => {
    const world = worldOf(2);
    const host = world.host('h0');
    world.create();
    world.deliverAll();
    expect(host.runs.size).toBe(1);
    const registration: HostRegistration = {
      ...linkOf(host),
      protocol: 2,
      capabilities: { name: host.id, agents: ['a'], maxConcurrent: host.max, cwd: '/w' },
      features: [],
      withoutInput: [],
      instance: undefined,
      ip: '127.0.0.1',
      connectedAt: 0,
      runs: [],
    };
    const reply = world.decide((pool, now) => hostRegistered(pool, registration, now));
    expect(world.pool.task('t0')).toMatchObject({ status: 'assigned', offer: 1 });
    expect(reply).toMatchObject({ kind: 'ok', assigned: [RUN] });
  });
});

describe('[R3] refusals', () => {
  const refusal = { reason: 'directory' as const, message: 'no' };

  test('of a host that registers anew are over, also for a task that is elsewhere meanwhile', () => {
    const world = worldOf(2, 2);
    world.create();
    world.deliverAll();
    const [first, second] = world.hosts[0]?.runs.size === 1 ? world.hosts : world.hosts.toReversed();
    if (first === undefined || second === undefined) throw new Error('two hosts');
    first.runs.clear();
    world.decide((pool, now) => taskRefused(pool, linkOf(first), RUN, refusal, now));
    world.deliverAll();
    world.startAll(second);
    expect(world.pool.task('t0')).toMatchObject({ status: 'running', hostId: second.id });
    world.connect(first);
    second.runs.clear();
    world.lose(second);
    expect(world.pool.task('t0')).toMatchObject({ status: 'assigned', hostId: first.id });
  });

  test('of a run that was taken for running send it back: its host does not have it', () => {
    const { world, host } = started();
    host.runs.clear();
    world.decide((pool, now) => taskRefused(pool, linkOf(host), RUN, { reason: 'full', message: 'full' }, now));
    expect(world.pool.task('t0')?.status).toBe('queued');
  });
});

describe('[L2] late results', () => {
  const end = { kind: 'completed', result: { success: true, output: 'forged' } } as const;

  test('of attempts that never were are not kept', () => {
    const { world, host } = started();
    const patched = world.decide((pool, now) => {
      taskEnded(pool, linkOf(host), { taskId: 't0', attempt: 7 }, end, now);
      return pool.staged().bodies.size;
    });
    expect(patched).toBe(0);
  });

  test('of another host do not become the result of an aborted task', () => {
    const world = worldOf(2, 2);
    world.create();
    world.deliverAll();
    const holder = world.pool.task('t0')?.hostId;
    const other = world.hosts.find(({ id }) => id !== holder);
    if (holder === undefined || other === undefined) throw new Error('two hosts');
    world.drop(world.host(holder));
    world.abort(0);
    const body = world.decide((pool, now) => {
      taskEnded(pool, linkOf(other), RUN, end, now);
      return pool.staged().bodies.get('t0');
    });
    expect(body?.result).toBeUndefined();
  });
});

test('[R5] an end over an older connection does not make a full host seem free', () => {
  const world = worldOf(2);
  const host = world.host('h0');
  world.create();
  world.deliverAll();
  const old = linkOf(host);
  world.connect(host);
  world.create();
  world.deliverAll();
  world.end(host, 0, true, 0);
  world.deliverAll();
  world.refuse(host, 0);
  expect(world.pool.task('t1')?.status).toBe('queued');
  world.decide((pool, now) => taskEnded(pool, old, RUN, { kind: 'completed', result: { success: true } }, now));
  expect(world.pool.task('t1')?.status).toBe('queued');
});

test('[R1] deadlines that a failed decision had taken up are kept', () => {
  const world = new World([2]);
  world.create();
  world.create();
  const due = world.pool.earliestDue();
  world.now += SETTINGS.QUEUE_TIMEOUT_MS;
  expect(world.pool.takeDue(world.now)).toHaveLength(2);
  world.pool.rollback();
  expect(world.pool.earliestDue()).toBe(due);
  world.decide((pool, now) => expire(pool, now));
  expect(world.created.map((id) => world.pool.task(id)?.status)).toEqual(['failed', 'failed']);
});
