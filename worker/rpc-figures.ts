import type { FailureCode } from '../shared/errors.ts';
import type { HostStatus } from '../shared/host.ts';
import type { TerminalStatus } from '../shared/task.ts';

/** A pool in figures, as of now; `created` and `ended` only grow. */
export interface PoolFigures {
  tasks: Record<'queued' | 'assigned' | 'running', number>;
  /** Since when the task waits that waits longest, ms; null when none does. Waiting for the backoff of a retry does not count. */
  oldestQueuedAt: number | null;
  pendingApprovals: number;
  hosts: Record<HostStatus['status'], number>;
  /** Of the hosts online: tasks that they hold, and tasks that they could take beside these. */
  slots: Record<'used' | 'free', number>;
  created: number;
  /** Tasks that have ended, by how; `code` is null for those that did not fail. */
  ended: EndedCount[];
  /** Objects to which the last delivery failed. */
  failingDeliveries: number;
}

export interface EndedCount {
  status: TerminalStatus;
  code: FailureCode | null;
  count: number;
}
