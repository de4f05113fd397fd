/** What a host reports of its tasks. Every report names its connection and run: the fence. Pure. */

import type { ApprovalNote } from '../../../shared/approval.ts';
import { withoutDiff } from '../../../shared/diff.ts';
import type { RunRef } from '../../../shared/protocol/run-ref.ts';
import { isPermanentRefusal, type RefusalReason } from '../../../shared/protocol/task-refused.ts';
import type { LateAttempt } from '../../../shared/task.ts';
import type { AttemptEnd, ConnectionRef } from '../../rpc.ts';
import { noteApproval } from '../approvals.ts';
import { type Ending, finish, markStarted, requeue, resume } from '../lifecycle.ts';
import { fits, hasRefused, refusalWords } from '../placement.ts';
import type { Pool } from '../pool.ts';
import type { PoolHost } from '../pool-host.ts';
import { hasCommitted, holdsSlot, isActive, type PoolTask } from '../pool-task.ts';
import { asksForRetry, deferRetry } from '../retry.ts';
import { markAlive } from './host-link.ts';

/** ms; the longest that a host which says `full` is left alone: somebody may have cleared its disk just now. */
const MAX_HOLD_MS = 5 * 60 * 1000;
/** Beyond any `START_TIMEOUT_MS` that is reached by doubling; keeps the number finite. */
const MAX_DOUBLINGS = 20;

/** The host that may speak for the run now, and the run's task as it may go on with it. */
interface Standing {
  host: PoolHost;
  task: PoolTask;
}

/**
 * The fence: the run is the task's last offer and this host's, over its newest connection. A version-2 host may go on with
 * an attempt that was given up as long as the task waits (L2); a version-1 host says no attempt number, so it may not.
 */
function standing(pool: Pool, connection: ConnectionRef, run: RunRef, now: number): Standing | null {
  const host = pool.host(connection.hostId);
  const task = pool.task(run.taskId);
  if (host === null || task === null || host.epoch !== connection.epoch) return null;
  if (!isActive(task) || task.hostId !== host.hostId || task.offer !== run.attempt) return null;
  if (holdsSlot(task)) return { host, task };
  return host.protocol === 2 ? { host, task: resume(pool, task, now) } : null;
}

export function taskStarted(
  pool: Pool,
  connection: ConnectionRef,
  run: RunRef,
  sessionId: string,
  now: number,
): 'ok' | 'superseded' {
  markAlive(pool, connection, now);
  const current = standing(pool, connection, run, now);
  if (current === null) return 'superseded';
  markStarted(pool, current.task, sessionId, now);
  takesWork(pool, current.host);
  return 'ok';
}

/** What the events of a run say of approvals, in their order; a repeat changes nothing. */
export function approvalsNoted(
  pool: Pool,
  connection: ConnectionRef,
  run: RunRef,
  notes: readonly ApprovalNote[],
  now: number,
): 'ok' | 'superseded' {
  markAlive(pool, connection, now);
  const current = standing(pool, connection, run, now);
  if (current === null) return 'superseded';
  notes.reduce((task, note) => noteApproval(pool, task, note, now), current.task);
  return 'ok';
}

/** A terminal frame that the task's own status maps to (contract, section 1). */
function endingOf(task: PoolTask, end: AttemptEnd, attempt: number, now: number): Ending {
  const common = { now, committed: attempt };
  if (task.abortedAt !== undefined) {
    const details = end.kind === 'failed' && end.code !== 'aborted' ? end.details : undefined;
    return { status: 'aborted', result: end.result, details, ...common };
  }
  if (end.kind === 'completed') {
    if (end.result.success) return { status: 'completed', result: end.result, ...common };
    const message = `The agent reported failure${end.result.exitCode === undefined ? '' : `, exit code ${end.result.exitCode}`}.`;
    return { status: 'failed', code: 'agent_failed', message, result: end.result, ...common };
  }
  const { error: message, details, result } = end;
  const isOver =
    task.offeredAt !== undefined && task.offerLimit !== undefined && now >= task.offeredAt + task.offerLimit;
  const code = end.code ?? (isOver ? 'timeout' : 'agent_failed');
  const status = code === 'timeout' || code === 'idle_timeout' ? 'timeout' : 'failed';
  return { status, code, message, details, result, ...common };
}

function keepLate(
  pool: Pool,
  task: PoolTask,
  connection: ConnectionRef,
  run: RunRef,
  end: AttemptEnd,
  now: number,
): void {
  // Nothing was offered under this number: there is no such attempt.
  if (run.attempt < 1 || run.attempt > task.offer) return;
  const late: LateAttempt = {
    attempt: run.attempt,
    hostId: connection.hostId,
    at: now,
    ...(end.result === undefined ? {} : { result: withoutDiff(end.result) }),
    ...(end.kind === 'failed' ? { error: end.error } : {}),
  };
  const isLast = task.offer === run.attempt && task.hostId === connection.hostId;
  const isAborted = task.status === 'aborted' && isLast && end.result !== undefined;
  pool.patchBody(task.id, { lateAttempts: [late], ...(isAborted ? { result: end.result } : {}) });
  if (!isActive(task)) pool.owe({ kind: 'archive', log: task.log, taskId: task.id });
}

/** From a version-1 host, which names no attempt: it can only be the last one, and only of a task that ended without it. */
export function lateEnd(pool: Pool, connection: ConnectionRef, taskId: string, end: AttemptEnd, now: number): void {
  const task = pool.task(taskId);
  if (task === null || isActive(task) || task.hostId !== connection.hostId || task.committed !== undefined) return;
  keepLate(pool, task, connection, { taskId, attempt: task.offer }, end, now);
}

export type EndOutcome = 'committed' | 'superseded' | 'unknown';

/** A repeated end gets the same answer, also one that the task was tried again after; the end of an attempt that was given away is kept beside the task. */
export function taskEnded(
  pool: Pool,
  connection: ConnectionRef,
  run: RunRef,
  end: AttemptEnd,
  now: number,
): EndOutcome {
  markAlive(pool, connection, now);
  freeHold(pool, connection);
  const task = pool.task(run.taskId);
  if (task === null) return 'unknown';
  if (hasCommitted(task, connection.hostId, run.attempt)) return 'committed';
  const current = standing(pool, connection, run, now);
  if (current === null) {
    keepLate(pool, task, connection, run, end, now);
    return 'superseded';
  }
  const started = markStarted(pool, current.task, '', now);
  const ending = endingOf(started, end, run.attempt, now);
  if (asksForRetry(started, ending)) deferRetry(pool, started, ending, current.host.hostId);
  else finish(pool, started, ending);
  return 'committed';
}

/** A slot came free: a host that had said `full` may be offered work again. */
function freeHold(pool: Pool, { hostId, epoch }: ConnectionRef): void {
  const host = pool.host(hostId);
  if (host?.epoch === epoch && host.heldUntil !== undefined) pool.putHost({ ...host, heldUntil: undefined });
}

/** It has taken a task: whatever it was full of is over. */
function takesWork(pool: Pool, host: PoolHost): void {
  const current = pool.host(host.hostId);
  if (current?.full !== undefined) pool.putHost({ ...current, full: undefined });
}

/** No offers for a while, which doubles until it takes a task: what fills it may not be its tasks. */
function hold(pool: Pool, host: PoolHost, words: string, now: number): void {
  const times = (host.full?.times ?? 0) + 1;
  const holdMs = Math.min(pool.settings.START_TIMEOUT_MS * 2 ** Math.min(times - 1, MAX_DOUBLINGS), MAX_HOLD_MS);
  pool.putHost({ ...host, heldUntil: now + holdMs, full: { times, words } });
}

/** The task goes back at once and uncounted; a refusal for good keeps it from this host until it registers anew (rule 3). */
export function taskRefused(
  pool: Pool,
  connection: ConnectionRef,
  run: RunRef,
  refusal: { reason: RefusalReason; message: string },
  now: number,
): void {
  markAlive(pool, connection, now);
  const current = standing(pool, connection, run, now);
  if (current === null) return;
  const { host, task } = current;
  if (!isPermanentRefusal(refusal.reason)) {
    hold(pool, host, `${refusal.reason}: ${refusal.message}`, now);
    requeue(pool, { ...task, hostId: undefined }, { reason: 'refused', now });
    return;
  }
  const words = `${refusal.reason}: ${refusal.message}`;
  const refusals = { ...task.refusals, [host.hostId]: { epoch: host.epoch, words } };
  const refused: PoolTask = { ...task, refusals };
  if (task.abortedAt === undefined && allRefused(pool, refused, now)) {
    const message = `Every host that fits refused the task. ${refusalWords(refusals)}`;
    finish(pool, refused, { status: 'failed', code: 'refused', message, now, committed: run.attempt });
    return;
  }
  requeue(pool, { ...refused, hostId: undefined }, { reason: 'refused', now });
}

/** Hosts that are away for no longer than the grace count as well: one of them may take it. */
function allRefused(pool: Pool, task: PoolTask, now: number): boolean {
  for (const host of pool.hosts()) {
    const isNear = host.online || now - (host.offlineAt ?? 0) <= pool.settings.RECONNECT_GRACE_MS;
    if (isNear && fits(host, task) && !hasRefused(host, task)) return false;
  }
  return true;
}
