/** What falls due for a task or a host, and when. Pure; ms since the epoch, server's clock (rule 1 and section 1 of DESIGN). */
import { DAY_MS } from '../../shared/clock.ts';
import { ABORT_SLACK_MS, TIMEOUT_SLACK_MS } from '../../shared/limits.ts';
import type { ServerSettings } from '../../shared/settings.ts';
import type { PoolHost } from './pool-host.ts';
import type { PoolTask } from './pool-task.ts';

export interface Due<Kind extends string> {
  kind: Kind;
  at: number;
}

/**
 * - `queue`: it has waited for `QUEUE_TIMEOUT_MS`.
 * - `retry`: its backoff after a failure of its agent is over. No judgement on anybody, so a restart does not move it.
 * - `start`: its execute went unanswered.
 * - `limit`: its time limit and the slack for the host's own word are over.
 * - `abort`: the host did not end it in time.
 * - `approval`: nobody has answered what its agent asks. Nobody could while the server was away, so a restart moves it.
 * - `grace`: its host, or the daemon there that has its run, stayed away for longer than the task is kept for it.
 */
export type TaskDue = Due<'queue' | 'retry' | 'start' | 'limit' | 'abort' | 'approval' | 'grace'>;

/** How long a task is kept for a host that is away, ms. Only what has started can have been asked to wait for it. */
function graceOf({ status, onHostLost }: PoolTask, settings: ServerSettings): number {
  if (status === 'running' && onHostLost === 'wait') return settings.QUEUE_TIMEOUT_MS;
  return settings.RECONNECT_GRACE_MS;
}

function offlineSince(host: PoolHost): number {
  return host.offlineAt ?? host.lastSeen;
}

function queuedDue({ queuedAt, retryAt }: PoolTask, { QUEUE_TIMEOUT_MS }: ServerSettings): TaskDue {
  const timeout = queuedAt + QUEUE_TIMEOUT_MS;
  return retryAt !== undefined && retryAt < timeout ? { kind: 'retry', at: retryAt } : { kind: 'queue', at: timeout };
}

/** The one deadline of an active task, or null. While its host is away only the grace counts. */
export function taskDue(
  task: PoolTask,
  host: PoolHost | null,
  settings: ServerSettings,
  notBefore: number,
): TaskDue | null {
  if (task.status === 'queued') return queuedDue(task, settings);
  if (task.abortedAt !== undefined) return { kind: 'abort', at: Math.max(task.abortedAt + ABORT_SLACK_MS, notBefore) };
  if (host === null) return null;
  const awaySince = task.awaySince ?? (host.online ? null : offlineSince(host));
  if (awaySince !== null) return { kind: 'grace', at: Math.max(awaySince + graceOf(task, settings), notBefore) };
  if (task.status === 'assigned') {
    if (!task.delivered || task.answerAwaitedFrom === undefined) return null;
    return { kind: 'start', at: Math.max(task.answerAwaitedFrom + settings.START_TIMEOUT_MS, notBefore) };
  }
  const limit = (task.startedAt ?? task.createdAt) + (task.offerLimit ?? settings.TASK_TIMEOUT_MS) + TIMEOUT_SLACK_MS;
  const limitAt = Math.max(limit, task.limitNotBefore ?? 0, notBefore);
  const approvalAt = Math.max(notBefore, Math.min(...(task.asking ?? []).map(({ expiresAt }) => expiresAt)));
  return approvalAt < limitAt ? { kind: 'approval', at: approvalAt } : { kind: 'limit', at: limitAt };
}

/**
 * - `suspect`: probed in vain: its connection is given up.
 * - `held`: it may be offered work again.
 * - `retention`: an offline host is forgotten.
 */
export type HostDue = Due<'suspect' | 'held' | 'retention'>;

/** The next deadline of a host, or null. */
export function hostDue(
  host: PoolHost,
  holdsTasks: boolean,
  settings: ServerSettings,
  notBefore: number,
): HostDue | null {
  if (!host.online) {
    // What it holds has a deadline of its own, which frees it.
    return holdsTasks ? null : { kind: 'retention', at: offlineSince(host) + settings.RETENTION_DAYS * DAY_MS };
  }
  if (host.suspectAt !== undefined) {
    return { kind: 'suspect', at: Math.max(host.suspectAt + settings.START_TIMEOUT_MS, notBefore) };
  }
  return host.heldUntil === undefined ? null : { kind: 'held', at: host.heldUntil };
}
