/** What happens when a deadline is reached. Pure. */
import { expireApprovals } from '../approvals.ts';
import { hostDue, taskDue } from '../deadlines.ts';
import { finish, requeue } from '../lifecycle.ts';
import type { Pool } from '../pool.ts';
import type { PoolHost } from '../pool-host.ts';
import type { PoolTask } from '../pool-task.ts';
import { hostDisconnected } from './host-link.ts';

function expireTask(pool: Pool, task: PoolTask, now: number): void {
  const host = task.hostId === undefined ? null : pool.host(task.hostId);
  const due = taskDue(task, host, pool.settings, pool.notBefore);
  if (due === null || due.at > now) return;
  switch (due.kind) {
    case 'queue': {
      const message = `Waited for longer than QUEUE_TIMEOUT_MS ${pool.settings.QUEUE_TIMEOUT_MS}.`;
      finish(pool, task, { status: 'failed', code: 'queue_timeout', message, now });
      return;
    }
    case 'retry':
      pool.putTask({ ...task, retryAt: undefined });
      return;
    case 'limit': {
      const message = `The time limit of ${task.offerLimit} ms was up and the host did not end the task.`;
      finish(pool, task, { status: 'timeout', code: 'timeout', message, now });
      return;
    }
    case 'approval':
      expireApprovals(pool, task, now);
      return;
    case 'abort':
      finish(pool, task, {
        status: 'aborted',
        now,
        message: 'Aborted on request; the host did not confirm it in time.',
      });
      return;
    case 'grace':
      requeue(pool, task, { reason: task.status === 'running' ? 'host_lost' : 'not_started', now });
      return;
    case 'start':
      if (host !== null && host.suspectAt === undefined) {
        pool.putHost({ ...host, suspectAt: now });
        pool.nudge({ kind: 'probe', hostId: host.hostId });
      }
      requeue(pool, task, { reason: 'not_started', now });
  }
}

function expireHost(pool: Pool, host: PoolHost, now: number): void {
  const due = hostDue(host, pool.tasksOf(host.hostId).length > 0, pool.settings, pool.notBefore);
  if (due === null || due.at > now) return;
  switch (due.kind) {
    case 'suspect':
      pool.owe({ kind: 'drop', hostId: host.hostId, epoch: host.epoch });
      hostDisconnected(pool, { hostId: host.hostId, epoch: host.epoch }, now);
      return;
    case 'held':
      pool.putHost({ ...host, heldUntil: undefined });
      return;
    case 'retention':
      pool.removeHost(host.hostId);
  }
}

/** Acts on everything that is due at `now`; what was put off meanwhile is watched again. */
export function expire(pool: Pool, now: number): void {
  const keys = pool.takeDue(now);
  for (const { kind, id } of keys) {
    if (kind === 'task') {
      const task = pool.activeTask(id);
      if (task !== null) expireTask(pool, task, now);
    } else {
      const host = pool.host(id);
      if (host !== null) expireHost(pool, host, now);
    }
  }
  pool.watchAgain(keys);
}
