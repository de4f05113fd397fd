/** The steps of a task's life, each a change of the pool. Pure: `now` is passed in. */
import type { FailureCode } from '../../shared/errors.ts';
import { MAX_UNSTARTED_OFFERS } from '../../shared/limits.ts';
import type { RunRef } from '../../shared/protocol/run-ref.ts';
import type { ServerSettings } from '../../shared/settings.ts';
import type { TaskResult, TaskStatus, TerminalStatus } from '../../shared/task.ts';
import type { StatusRecord } from '../rpc.ts';
import type { Pool } from './pool.ts';
import type { PoolHost } from './pool-host.ts';
import { type PoolTask, shownAttempt } from './pool-task.ts';

export function runOf(task: PoolTask): RunRef {
  return { taskId: task.id, attempt: task.offer };
}

/** Counts the change and owes it to the log; the task goes back into the pool with it. */
export function record(
  pool: Pool,
  task: PoolTask,
  at: number,
  extra: Pick<StatusRecord, 'reason' | 'error'> & { status?: TaskStatus } = {},
): PoolTask {
  const next = { ...task, rev: task.rev + 1 };
  pool.putTask(next);
  const hasHost = next.status !== 'queued' && next.hostId !== undefined;
  const entry: StatusRecord = {
    rev: next.rev,
    at,
    attempt: shownAttempt(next),
    status: next.status,
    ...(hasHost ? { hostId: next.hostId } : {}),
    ...extra,
  };
  pool.owe({ kind: 'status', log: next.log, taskId: next.id, record: entry });
  return next;
}

/** The host is to stop the run that the task's last offer was, or may be: an offer on its way could have been delivered. */
export function release(pool: Pool, task: PoolTask): void {
  if (task.hostId === undefined) return;
  pool.owe({ kind: 'release', hostId: task.hostId, run: runOf(task) });
}

/** The attempt is over: nobody asks any more. The log has what was asked. */
export function forgetApprovals(pool: Pool, task: PoolTask): PoolTask {
  pool.dropApprovals(task.id);
  return task.asking === undefined ? task : { ...task, asking: undefined };
}

/** Assigns the task and has `task:execute` sent. An earlier offer to another host is superseded by it. */
export function offer(pool: Pool, task: PoolTask, host: PoolHost, now: number): void {
  if (task.hostId !== undefined && task.hostId !== host.hostId) release(pool, task);
  const next: PoolTask = {
    ...forgetApprovals(pool, task),
    status: 'assigned',
    offer: task.offer + 1,
    delivered: false,
    hostId: host.hostId,
    offerCwd: task.cwd ?? host.capabilities.cwd,
    offerLimit: task.timeout ?? host.config?.taskTimeout ?? pool.settings.TASK_TIMEOUT_MS,
    offeredAt: now,
    answerAwaitedFrom: now,
    startedAt: undefined,
    limitNotBefore: undefined,
    awaySince: undefined,
    sessionId: undefined,
  };
  pool.putTask(next);
  pool.nudge({ kind: 'execute', hostId: host.hostId, taskId: task.id, offer: next.offer });
}

/** The offer was handed to a socket: from here on it is an attempt. */
export function markDelivered(pool: Pool, task: PoolTask, now: number): PoolTask {
  if (task.delivered) return task;
  return record(pool, { ...task, delivered: true, answerAwaitedFrom: now }, now);
}

/** No socket ever saw the offer: as if it had not been made. */
export function withdrawOffer(pool: Pool, task: PoolTask): void {
  if (task.status !== 'assigned' || task.delivered) return;
  pool.putTask({ ...task, status: 'queued', offer: task.offer - 1, delivered: true, hostId: undefined });
}

export function markStarted(pool: Pool, task: PoolTask, sessionId: string, now: number): PoolTask {
  const named = sessionId === '' ? task : { ...task, sessionId };
  if (task.status === 'running') {
    if (named.sessionId !== task.sessionId) pool.putTask(named);
    return named;
  }
  const delivered = task.status === 'assigned' ? markDelivered(pool, named, now) : named;
  const running: PoolTask = {
    ...delivered,
    status: 'running',
    startedAt: now,
    starts: task.starts + 1,
    unstarted: 0,
    avoid: undefined,
  };
  return record(pool, running, now);
}

/** Goes on with the attempt that a requeue had given up, for its host is back before another was found (L2). */
export function resume(pool: Pool, task: PoolTask, now: number): PoolTask {
  if (task.status !== 'queued') return task;
  const started = task.startedAt !== undefined;
  const next: PoolTask = {
    ...task,
    status: started ? 'running' : 'assigned',
    answerAwaitedFrom: now,
    avoid: undefined,
  };
  return record(pool, next, now, { reason: 'host_returned' });
}

export interface Requeue {
  /** `refused` and `not_delivered` count for nothing. */
  reason: 'host_lost' | 'not_started' | 'not_delivered' | 'refused';
  now: number;
}

/** Why a task that has started must not be offered again; null when it may. A refused run has done nothing to repeat. */
function noFurtherAttempt(task: PoolTask, reason: Requeue['reason'], { MAX_ATTEMPTS }: ServerSettings): string | null {
  const { onHostLost = 'requeue', offer, starts, failures = [] } = task;
  if (reason === 'host_lost' && onHostLost !== 'requeue')
    return `Its host was lost in attempt ${offer}, and onHostLost "${onHostLost}" allows no other.`;
  // What its own agent brought to an end was not lost.
  if (starts - failures.length < MAX_ATTEMPTS) return null;
  return `Its host was lost in attempt ${offer}, the last of MAX_ATTEMPTS ${MAX_ATTEMPTS}.`;
}

/** Back to the queue, or to its end when it was tried often enough or must not be tried again. */
export function requeue(pool: Pool, task: PoolTask, { reason, now }: Requeue): void {
  if (task.abortedAt !== undefined) {
    finish(pool, task, { status: 'aborted', now });
    return;
  }
  const unstarted = reason === 'not_started' ? task.unstarted + 1 : task.unstarted;
  const message = task.status === 'running' ? noFurtherAttempt(task, reason, pool.settings) : null;
  if (message !== null) {
    finish(pool, task, { status: 'failed', code: 'host_lost', message, now });
    return;
  }
  if (unstarted >= MAX_UNSTARTED_OFFERS) {
    const message = `Offered ${unstarted} times and never started.`;
    finish(pool, task, { status: 'failed', code: 'start_failed', message, now });
    return;
  }
  // A version-1 host says no attempt number: it could not go on with this one, so it is told to stop it.
  const isV1 = task.hostId !== undefined && pool.host(task.hostId)?.protocol === 1;
  if (isV1) release(pool, task);
  const next: PoolTask = {
    ...task,
    status: 'queued',
    queuedAt: now,
    awaySince: undefined,
    unstarted,
    ...(reason === 'refused' ? {} : { avoid: task.hostId }),
    ...(isV1 ? { hostId: undefined } : {}),
  };
  record(pool, next, now, { reason });
}

/** The end that is told of an attempt, or that the server decides on. */
export type Ending =
  | { status: 'completed'; result: TaskResult; now: number; committed: number }
  | { status: 'aborted'; now: number; message?: string; result?: TaskResult; details?: unknown; committed?: number }
  | {
      status: 'failed' | 'timeout';
      code: FailureCode;
      message: string;
      now: number;
      result?: TaskResult;
      details?: unknown;
      /** The attempt whose own end this is; absent when the server ends the task. */
      committed?: number;
    };

function errorOf(ending: Ending): { code: FailureCode; message: string } | undefined {
  const status: TerminalStatus = ending.status;
  if (ending.status === 'completed') return undefined;
  if (status === 'aborted') return { code: 'aborted', message: ending.message ?? 'Aborted on request.' };
  return 'code' in ending ? { code: ending.code, message: ending.message } : undefined;
}

/** The terminal status; nothing follows it. A host that still holds the run is told to stop it. */
export function finish(pool: Pool, task: PoolTask, ending: Ending): PoolTask {
  if (ending.committed === undefined) release(pool, task);
  const error = errorOf(ending);
  const done: PoolTask = {
    ...forgetApprovals(pool, task),
    status: ending.status,
    finishedAt: ending.now,
    ...(error === undefined ? {} : { error }),
    ...(ending.committed === undefined ? {} : { committed: ending.committed }),
  };
  const details = 'details' in ending ? ending.details : undefined;
  const next = record(pool, done, ending.now, error === undefined ? {} : { error: { ...error, details } });
  if (ending.result !== undefined) pool.patchBody(task.id, { result: ending.result });
  if (details !== undefined) pool.patchBody(task.id, { errorDetails: details });
  pool.settleInput(task.id);
  pool.owe({ kind: 'archive', log: task.log, taskId: task.id });
  return next;
}
