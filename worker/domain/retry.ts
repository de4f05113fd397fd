/** Another attempt after an agent's own failure, for the tasks that ask for it. Pure: `now` is passed in. */
import type { FailureCode } from '../../shared/errors.ts';
import { MAX_RETRY_BACKOFF_MS } from '../../shared/limits.ts';
import type { Waiting } from '../../shared/task.ts';
import { boundFailure } from './attempt-end.ts';
import { type Ending, forgetApprovals, record } from './lifecycle.ts';
import type { Pool } from './pool.ts';
import type { PoolTask } from './pool-task.ts';

/** What an agent brings upon itself. A time limit, an abort or a lost host is another's decision, and says nothing of a next try. */
const OWN_FAILURES: ReadonlySet<FailureCode> = new Set<FailureCode>(['agent_failed', 'agent_crashed']);

type FailedEnding = Extract<Ending, { code: FailureCode }>;

/** The end is the agent's own failure, and the task may have another attempt after it. */
export function asksForRetry(task: PoolTask, ending: Ending): ending is FailedEnding {
  if (task.retry === undefined || ending.status !== 'failed' || !OWN_FAILURES.has(ending.code)) return false;
  const failed = (task.failures?.length ?? 0) + 1;
  return failed < task.retry.maxAttempts;
}

/** ms to wait after so many failures (1, 2, …): doubled each time, up to `MAX_RETRY_BACKOFF_MS`. */
export function backoffAfter(failures: number, backoffMs: number): number {
  return Math.min(backoffMs * 2 ** (failures - 1), MAX_RETRY_BACKOFF_MS);
}

/**
 * Back to the queue, to be offered once the backoff is over. The attempt is over for good: its host owes nothing more and is
 * remembered, so that a repeat of this end is known. The failure may be that host's, so another is preferred.
 */
export function deferRetry(pool: Pool, task: PoolTask, ending: FailedEnding, hostId: string): void {
  const { code, message, details, result, now } = ending;
  const attempt = task.offer;
  const failures = [...(task.failures ?? []), { attempt, hostId }];
  const next: PoolTask = {
    ...forgetApprovals(pool, task),
    status: 'queued',
    queuedAt: now,
    retryAt: now + backoffAfter(failures.length, task.retry?.backoffMs ?? 0),
    failures,
    hostId: undefined,
    avoid: hostId,
    startedAt: undefined,
    sessionId: undefined,
  };
  const error = { code, message, details };
  record(pool, next, now, { reason: code, error });
  pool.patchBody(task.id, { failedAttempts: [boundFailure({ attempt, hostId, at: now, error, result })] });
  // Meant for the agent that is gone.
  pool.settleInput(task.id);
}

/** Why it waits, when it waits for a retry. */
export function waitingForRetry({ retryAt, failures = [], retry, offer }: PoolTask): Waiting | null {
  if (retryAt === undefined || retry === undefined) return null;
  const from = new Date(retryAt).toISOString();
  const message = `The agent failed in attempt ${offer}, ${failures.length} of at most ${retry.maxAttempts} times; it is tried again from ${from} on.`;
  return { reason: 'awaiting_retry', message };
}
