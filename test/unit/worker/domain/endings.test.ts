import { describe, expect, test } from 'vitest';
import { finishTask, inputTask } from '../../../../worker/domain/commands/client.ts';
import { taskEnded } from '../../../../worker/domain/commands/host-reports.ts';
import type { AttemptEnd } from '../../../../worker/rpc.ts';
import { SETTINGS, World, type WorldHost } from './pool-world.ts';

function running(protocol: 1 | 2 = 2): { world: World; host: WorldHost } {
  const world = new World([protocol]);
  const host = world.host('h0');
  world.connect(host);
  world.create();
  world.deliverAll();
  world.startAll(host);
  return { world, host };
}

function end(world: World, host: WorldHost, how: AttemptEnd) {
  const link = { hostId: host.id, epoch: host.epoch };
  return world.decide((pool, now) => taskEnded(pool, link, { taskId: 't0', attempt: 1 }, how, now));
}

function outcome(world: World) {
  const task = world.pool.task('t0');
  return { status: task?.status, code: task?.error?.code };
}

const failed: AttemptEnd = { kind: 'failed', error: 'crashed' };

describe('[C1] outcomes', () => {
  test.each<[string, AttemptEnd, ReturnType<typeof outcome>]>([
    ['success', { kind: 'completed', result: { success: true } }, { status: 'completed', code: undefined }],
    [
      'an agent that failed',
      { kind: 'completed', result: { success: false } },
      { status: 'failed', code: 'agent_failed' },
    ],
    ['task:failed without a code', failed, { status: 'failed', code: 'agent_failed' }],
    ['task:failed with a code', { ...failed, code: 'agent_crashed' }, { status: 'failed', code: 'agent_crashed' }],
    ['the host says timeout', { ...failed, code: 'timeout' }, { status: 'timeout', code: 'timeout' }],
  ])('%s', (_title, how, expected) => {
    const { world, host } = running();
    expect(end(world, host, how)).toBe('committed');
    expect(outcome(world)).toEqual(expected);
  });

  test('task:failed of a version-1 host whose time limit is up is a timeout', () => {
    const { world, host } = running(1);
    world.now += SETTINGS.TASK_TIMEOUT_MS;
    end(world, host, failed);
    expect(outcome(world).status).toBe('timeout');
  });

  test('an aborted task ends aborted, whatever the host says, and keeps the result', () => {
    const { world, host } = running();
    world.abort(0);
    expect(world.pool.task('t0')?.status).toBe('running');
    end(world, host, { kind: 'completed', result: { success: true } });
    expect(outcome(world)).toEqual({ status: 'aborted', code: 'aborted' });
  });
});

describe('the server decides by itself', () => {
  test('[C1] a silent host does not hold an aborted task for longer than 10 s', () => {
    const { world } = running();
    world.abort(0);
    world.pass(10_000);
    expect(outcome(world).status).toBe('aborted');
  });

  test('[C1] nor one that is over its time limit for 10 s', () => {
    const { world } = running();
    world.pass(SETTINGS.TASK_TIMEOUT_MS + 9_999);
    expect(outcome(world).status).toBe('running');
    world.pass(1);
    expect(outcome(world).status).toBe('timeout');
  });

  test('[R1] the time limit is not judged while the host is away', () => {
    const { world, host } = running();
    world.now += SETTINGS.TASK_TIMEOUT_MS + 60_000;
    world.drop(host);
    world.pass(1);
    expect(outcome(world).status).toBe('running');
    world.connect(host);
    world.pass(9_999);
    expect(outcome(world).status).toBe('running');
    expect(end(world, host, { kind: 'completed', result: { success: true } })).toBe('committed');
  });

  test('[L8] after MAX_ATTEMPTS lost hosts the task fails', () => {
    const { world, host } = running();
    for (let attempt = 1; attempt <= SETTINGS.MAX_ATTEMPTS; attempt += 1) {
      host.runs.clear();
      world.lose(host);
    }
    expect(outcome(world)).toEqual({ status: 'failed', code: 'host_lost' });
  });

  test('[R2] ten offers that are never answered end as start_failed', () => {
    const world = new World([2]);
    world.create();
    const host = world.host('h0');
    for (let offers = 0; offers < 10; offers += 1) {
      host.runs.clear();
      world.connect(host);
      world.deliverAll();
      world.pass(SETTINGS.START_TIMEOUT_MS);
      world.drop(host);
    }
    expect(outcome(world)).toEqual({ status: 'failed', code: 'start_failed' });
  });

  test('[C5] a task that waits for too long fails with queue_timeout', () => {
    const world = new World([2]);
    world.create();
    world.pass(SETTINGS.QUEUE_TIMEOUT_MS);
    expect(outcome(world)).toEqual({ status: 'failed', code: 'queue_timeout' });
  });
});

describe('[L2] the fence', () => {
  test('an older attempt is answered superseded and changes nothing', () => {
    const world = new World([2, 2]);
    const [first, second] = [world.host('h0'), world.host('h1')];
    world.connect(first);
    world.create();
    world.deliverAll();
    world.startAll(first);
    world.drop(first);
    world.connect(second);
    world.pass(SETTINGS.RECONNECT_GRACE_MS);
    world.deliverAll();
    expect(world.pool.task('t0')).toMatchObject({ hostId: 'h1', offer: 2, status: 'assigned' });
    world.connect(first);
    expect(first.runs.size).toBe(0);
    expect(end(world, first, { kind: 'completed', result: { success: true } })).toBe('superseded');
    expect(world.pool.task('t0')?.status).toBe('assigned');
  });

  test('a returning host goes on with its attempt while the task still waits', () => {
    const { world, host } = running();
    world.drop(host);
    world.pass(SETTINGS.RECONNECT_GRACE_MS);
    expect(outcome(world).status).toBe('queued');
    world.connect(host);
    expect(world.pool.task('t0')).toMatchObject({ status: 'running', offer: 1 });
  });

  test('[R5] a report over an older connection changes nothing', () => {
    const { world, host } = running();
    const old = { hostId: host.id, epoch: host.epoch };
    world.connect(host);
    const answer = world.decide((pool, now) => taskEnded(pool, old, { taskId: 't0', attempt: 1 }, failed, now));
    expect(answer).toBe('superseded');
    expect(outcome(world).status).toBe('running');
  });
});

test('[C2] input goes only to a running task', () => {
  const { world, host } = running();
  const input = { inputId: 'i', content: 'yes', pending: 0, maxPending: 1 };
  expect(world.decide((pool) => inputTask(pool, 't0', input)).kind).toBe('accepted');
  expect(world.decide((pool) => inputTask(pool, 't0', { ...input, pending: 1 }))).toMatchObject({
    code: 'limit_exceeded',
  });
  end(world, host, failed);
  expect(world.decide((pool) => inputTask(pool, 't0', input))).toMatchObject({ code: 'task_not_running' });
});

test('[R21] only a running interactive task is told to finish, once, and takes no input afterwards', () => {
  const { world, host } = running();
  const finish = () =>
    world.decide((pool) => ({ reply: finishTask(pool, 't0'), owed: pool.staged().owed.map((owed) => owed.kind) }));
  expect(finish().reply).toMatchObject({ code: 'not_interactive' });
  world.decide((pool) => {
    const task = pool.task('t0');
    if (task !== null) pool.putTask({ ...task, interactive: true });
  });
  expect(finish()).toEqual({ reply: { kind: 'accepted' }, owed: ['input'] });
  expect(finish()).toEqual({ reply: { kind: 'accepted' }, owed: [] });
  const input = { inputId: 'i', content: 'yes', pending: 0, maxPending: 1 };
  expect(world.decide((pool) => inputTask(pool, 't0', input))).toMatchObject({ code: 'task_not_running' });
  end(world, host, failed);
  expect(finish().reply).toMatchObject({ code: 'task_not_running' });
  expect(world.decide((pool) => finishTask(pool, 'none'))).toMatchObject({ code: 'not_found' });
});
