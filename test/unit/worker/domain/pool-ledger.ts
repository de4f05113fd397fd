import type { Approval } from '../../../../shared/approval.ts';
import type { ServerSettings } from '../../../../shared/settings.ts';
import type { EndOutcome } from '../../../../worker/domain/commands/host-reports.ts';
import type { Pool, Staged } from '../../../../worker/domain/pool.ts';
import type { PoolTask } from '../../../../worker/domain/pool-task.ts';

/** Nobody has more than fits, and nothing is lost or tried too often. */
export function checkPool(pool: Pool, created: readonly string[], settings: ServerSettings): void {
  for (const { host, active } of pool.candidates({ id: '' })) {
    if (active > host.capabilities.maxConcurrent) throw new Error(`L7: ${active} on ${host.hostId}`);
  }
  for (const id of created) {
    const task = pool.task(id);
    if (task === null) throw new Error(`L1: ${id} is lost`);
    checkCounts(task, settings);
  }
}

/** How often it ran, by what ended its attempts: lost hosts and failures of the agent are counted apart. */
function checkCounts(task: PoolTask, settings: ServerSettings): void {
  const { id, starts, failures = [], retry, onHostLost = 'requeue', committed } = task;
  const wasLost = starts - failures.length;
  if (wasLost > settings.MAX_ATTEMPTS) throw new Error(`L8: ${id} ran ${wasLost} times but for failures`);
  if (onHostLost !== 'requeue' && wasLost > 1)
    throw new Error(`L8: ${id} ran ${wasLost} times in spite of onHostLost ${onHostLost}`);
  // The last failure ends the task and is its error; only those before it are kept.
  const { maxAttempts } = retry ?? { maxAttempts: 1 };
  if (failures.length >= maxAttempts) throw new Error(`L8: ${id} was tried again after ${failures.length} failures`);
  const isEnd = task.error?.code === 'agent_failed' && committed !== undefined;
  if (isEnd && failures.length + 1 < maxAttempts)
    throw new Error(`L8: ${id} was not tried again after ${failures.length + 1} failures`);
}

/** What tasks have come to, told apart from the pool. Every check throws and names the rule. */
export class Ledger {
  readonly finished = new Map<string, PoolTask>();
  /** What is stored of the approvals of each task. */
  readonly approvals = new Map<string, Map<string, Approval>>();
  /** How often each task has ended. */
  readonly commits = new Map<string, number>();
  readonly #revs = new Map<string, number>();
  /** Until when a task waits for its retry. */
  readonly #backoffs = new Map<string, number>();

  settle(task: PoolTask): void {
    const before = this.finished.get(task.id);
    if (before !== undefined && before.status !== task.status)
      throw new Error(`L1: ${before.status} became ${task.status}`);
    if (before === undefined) this.commits.set(task.id, (this.commits.get(task.id) ?? 0) + 1);
    this.finished.set(task.id, task);
  }

  /** As the store does it. */
  storeApprovals(staged: Staged['approvals']): void {
    for (const { taskId, approval } of staged) {
      if (approval === null) this.approvals.delete(taskId);
      else this.approvals.set(taskId, new Map(this.approvals.get(taskId)).set(approval.id, approval));
    }
  }

  checkRev(taskId: string, rev: number): void {
    const before = this.#revs.get(taskId) ?? 0;
    if (rev !== before + 1) throw new Error(`log: rev ${rev} of ${taskId} follows ${before}`);
    if (this.commits.get(taskId) === 2) throw new Error(`L2: ${taskId} ended twice`);
    this.#revs.set(taskId, rev);
  }

  /** An end was answered for the first time. */
  noteEnd(task: PoolTask | null, answer: EndOutcome, now: number): void {
    const { id = '', status, failures = [], retry } = task ?? {};
    if (answer !== 'committed' || status !== 'queued' || retry === undefined) return;
    this.#backoffs.set(id, now + retry.backoffMs * 2 ** (failures.length - 1));
  }

  checkOffer(taskId: string, now: number): void {
    const until = this.#backoffs.get(taskId) ?? 0;
    if (now < until) throw new Error(`R14: ${taskId} was offered ${until - now} ms before its backoff was over`);
  }
}
