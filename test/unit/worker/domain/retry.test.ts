import { describe, expect, test } from 'vitest';
import { MAX_RETRY_BACKOFF_MS } from '../../../../shared/limits.ts';
import { abortTask, inputTask } from '../../../../worker/domain/commands/client.ts';
import { taskEnded, taskStarted } from '../../../../worker/domain/commands/host-reports.ts';
import { viewTask } from '../../../../worker/domain/public-task.ts';
import { backoffAfter } from '../../../../worker/domain/retry.ts';
import type { AttemptEnd } from '../../../../worker/rpc.ts';
import { SETTINGS, World, type WorldHost } from './pool-world.ts';

const BACKOFF_MS = 4_000;
const RETRY = { maxAttempts: 3, backoffMs: BACKOFF_MS };
const CRASHED: AttemptEnd = { kind: 'failed', code: 'agent_crashed', error: 'it fell over' };

/** `t0` runs on `hostId`, the only host that is online. */
function running(protocol: 1 | 2 = 2, hostId: 'h0' | 'h1' = 'h0'): { world: World; host: WorldHost } {
  const world = new World([protocol, protocol]);
  const host = world.host(hostId);
  world.connect(host);
  world.create(undefined, RETRY);
  runNext(world, host);
  return { world, host };
}

function runNext(world: World, host: WorldHost): void {
  world.deliverAll();
  world.startAll(host);
}

function end(world: World, host: WorldHost, how: AttemptEnd, attempt = 1) {
  const link = { hostId: host.id, epoch: host.epoch };
  const answer = world.decide((pool, now) => taskEnded(pool, link, { taskId: 't0', attempt }, how, now));
  host.runs.delete(`t0.${attempt}`);
  return answer;
}

function state(world: World) {
  const task = world.pool.task('t0');
  return { status: task?.status, code: task?.error?.code, offer: task?.offer };
}

const WAITS = { status: 'queued', code: undefined, offer: 1 };

describe('[L8] an agent’s own failure', () => {
  test.each<[string, 1 | 2, AttemptEnd]>([
    ['said by the agent', 2, { kind: 'completed', result: { success: false, exitCode: 3 } }],
    ['by its exit code', 2, { kind: 'failed', code: 'agent_failed', error: 'x' }],
    ['by a crash', 2, CRASHED],
    ['of a version-1 host', 1, { kind: 'failed', error: 'x' }],
  ])('%s: the end is taken, and the task waits for its retry', (_title, protocol, how) => {
    const { world, host } = running(protocol);
    expect(end(world, host, how)).toBe('committed');
    expect(state(world)).toEqual(WAITS);
    expect(world.pool.tasksOf('h0')).toEqual([]);
  });

  test.each<[string, AttemptEnd, string]>([
    ['a time limit', { ...CRASHED, code: 'timeout' }, 'timeout'],
    ['an end that the host’s owner brought about', { ...CRASHED, code: 'aborted' }, 'failed'],
    ['success', { kind: 'completed', result: { success: true } }, 'completed'],
  ])('%s is none: the task ends', (_title, how, status) => {
    const { world, host } = running();
    end(world, host, how);
    expect(state(world).status).toBe(status);
  });

  test('after an abort the task ends aborted', () => {
    const { world, host } = running();
    world.abort(0);
    expect(end(world, host, CRASHED)).toBe('committed');
    expect(state(world).status).toBe('aborted');
  });

  test('a task that does not ask ends with the first', () => {
    const world = new World([2]);
    world.connect(world.host('h0'));
    world.create();
    runNext(world, world.host('h0'));
    end(world, world.host('h0'), CRASHED);
    expect(state(world)).toMatchObject({ status: 'failed', code: 'agent_crashed' });
  });

  test('is retried after the backoff, which doubles, until maxAttempts have failed', () => {
    const { world, host } = running();
    for (const [failures, backoff] of [BACKOFF_MS, 2 * BACKOFF_MS].entries()) {
      end(world, host, CRASHED, failures + 1);
      world.pass(backoff - 1);
      expect(state(world)).toEqual({ ...WAITS, offer: failures + 1 });
      world.pass(1);
      expect(state(world)).toMatchObject({ status: 'assigned', offer: failures + 2 });
      runNext(world, host);
    }
    expect(end(world, host, CRASHED, 3)).toBe('committed');
    expect(state(world)).toEqual({ status: 'failed', code: 'agent_crashed', offer: 3 });
  });

  test('the backoff never grows beyond its cap', () => {
    expect(backoffAfter(1, 100)).toBe(100);
    expect(backoffAfter(4, 100)).toBe(800);
    expect(backoffAfter(9, MAX_RETRY_BACKOFF_MS)).toBe(MAX_RETRY_BACKOFF_MS);
  });

  test('another host is preferred, for the failure may be that host’s', () => {
    // Of two that are idle the one with more slots is taken: h1.
    const { world, host } = running(2, 'h1');
    world.connect(world.host('h0'));
    end(world, host, CRASHED);
    world.pass(BACKOFF_MS);
    expect(world.pool.task('t0')).toMatchObject({ status: 'assigned', hostId: 'h0' });
  });

  test('and a lost host are counted apart', () => {
    const { world, host } = running();
    end(world, host, CRASHED);
    world.pass(BACKOFF_MS);
    for (let lost = 1; lost < SETTINGS.MAX_ATTEMPTS; lost += 1) {
      world.lose(host);
      host.runs.clear();
      world.connect(host);
    }
    const last = SETTINGS.MAX_ATTEMPTS + 1;
    runNext(world, host);
    expect(state(world)).toEqual({ status: 'running', code: undefined, offer: last });
    expect(end(world, host, CRASHED, last)).toBe('committed');
    expect(state(world).status).toBe('queued');
    world.pass(2 * BACKOFF_MS);
    world.lose(host);
    expect(state(world)).toMatchObject({ status: 'failed', code: 'host_lost' });
  });
});

describe('[R15] while a task waits for its retry', () => {
  test('[C2] it says so, and until when', () => {
    const { world, host } = running();
    end(world, host, CRASHED);
    const task = world.pool.task('t0');
    const view = task === null ? undefined : viewTask(world.pool, task, null).task;
    expect(view).toMatchObject({ status: 'queued', attempt: 1, retry: RETRY, hostId: undefined, startedAt: undefined });
    const until = new Date(world.now + BACKOFF_MS).toISOString();
    expect(view?.waiting?.reason).toBe('awaiting_retry');
    expect(view?.waiting?.message).toContain('attempt 1, 1 of at most 3');
    expect(view?.waiting?.message).toContain(until);
  });

  test('[C2] an abort ends it at once', () => {
    const { world, host } = running();
    end(world, host, CRASHED);
    world.decide((pool, now) => abortTask(pool, 't0', now));
    expect(state(world)).toMatchObject({ status: 'aborted', offer: 1 });
    world.pass(BACKOFF_MS);
    expect(world.executes).toEqual([]);
  });

  test('[C5] QUEUE_TIMEOUT_MS ends it', () => {
    const { world, host } = running();
    end(world, host, CRASHED);
    world.drop(host);
    world.pass(BACKOFF_MS);
    expect(state(world)).toEqual(WAITS);
    world.pass(SETTINGS.QUEUE_TIMEOUT_MS - BACKOFF_MS);
    expect(state(world)).toMatchObject({ status: 'failed', code: 'queue_timeout' });
  });

  test('it counts among MAX_QUEUED_TASKS: a queue may not grow without bound by failing', () => {
    const { world, host } = running();
    expect(world.pool.waiting.size).toBe(0);
    end(world, host, CRASHED);
    expect(world.pool.waiting.size).toBe(1);
  });

  test('a restart of the server keeps it waiting for as long as before, and an overdue one is offered at once', () => {
    const { world, host } = running();
    end(world, host, CRASHED);
    world.restart(0);
    world.connect(host);
    expect(state(world)).toEqual(WAITS);
    expect(world.pool.earliestDue()).toBe(world.now + BACKOFF_MS);
    world.restart(60_000);
    world.connect(host);
    expect(state(world)).toMatchObject({ status: 'assigned', offer: 2 });
  });

  test('input for the agent that failed is dropped', () => {
    const { world, host } = running();
    const input = { inputId: 'i', content: 'yes', pending: 0, maxPending: 9 };
    world.decide((pool) => inputTask(pool, 't0', input));
    const link = { hostId: 'h0', epoch: host.epoch };
    const dropped = world.decide((pool, now) => {
      taskEnded(pool, link, { taskId: 't0', attempt: 1 }, CRASHED, now);
      return [...pool.staged().settledInputs];
    });
    expect(dropped).toEqual([{ taskId: 't0' }]);
  });
});

describe('[L2] the attempt that failed', () => {
  test.each([1, 2] as const)('its end gets the same answer for ever, from a host of version %i', (protocol) => {
    const { world, host } = running(protocol);
    const again = () => {
      const before = state(world);
      expect(end(world, host, CRASHED)).toBe('committed');
      expect(state(world)).toEqual(before);
    };
    end(world, host, CRASHED);
    again();
    world.restart(0);
    world.connect(host);
    again();
    world.pass(BACKOFF_MS);
    runNext(world, host);
    again();
    expect(end(world, host, { kind: 'completed', result: { success: true } }, 2)).toBe('committed');
    again();
    expect(state(world)).toEqual({ status: 'completed', code: undefined, offer: 2 });
  });

  test('no other host may say it ended: that is superseded', () => {
    const { world, host } = running();
    world.connect(world.host('h1'));
    end(world, host, CRASHED);
    expect(end(world, world.host('h1'), CRASHED)).toBe('superseded');
  });

  test('whatever else is said of it is superseded', () => {
    const { world, host } = running();
    end(world, host, CRASHED);
    const link = { hostId: 'h0', epoch: host.epoch };
    const again = () => world.decide((pool, now) => taskStarted(pool, link, { taskId: 't0', attempt: 1 }, 's', now));
    expect(again()).toBe('superseded');
    expect(state(world)).toEqual(WAITS);
    world.pass(BACKOFF_MS);
    expect(again()).toBe('superseded');
    expect(state(world).status).toBe('assigned');
  });

  test('a host that has not heard the answer is told by the verdict, and does not go on with it', () => {
    const { world, host } = running();
    end(world, host, CRASHED);
    host.runs.set('t0.1', { taskId: 't0', attempt: 1, isFinished: true });
    expect(world.connect(host)).toEqual([{ taskId: 't0', attempt: 1, verdict: 'settled', log: null }]);
    expect(state(world)).toEqual(WAITS);
  });
});
