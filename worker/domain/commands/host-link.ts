/** A host's connection: alive, gone, suspect; what became of an offer on its way. Pure. */
import type { RunRef } from '../../../shared/protocol/run-ref.ts';
import type { ConnectionRef, ExecuteReply } from '../../rpc.ts';
import { finish, markDelivered, withdrawOffer } from '../lifecycle.ts';
import type { Pool } from '../pool.ts';
import { isActive } from '../pool-task.ts';

/** Any frame is a sign of life: it ends a suspicion. */
export function markAlive(pool: Pool, connection: ConnectionRef, now: number): void {
  const host = pool.host(connection.hostId);
  if (host === null || host.epoch !== connection.epoch || !host.online) return;
  if (host.suspectAt === undefined) return;
  pool.putHost({ ...host, suspectAt: undefined, lastSeen: now });
}

/** Offline at once: no new work. Its tasks are kept for the grace, except those that only waited to be aborted. */
export function hostDisconnected(pool: Pool, connection: ConnectionRef, now: number): void {
  const host = pool.host(connection.hostId);
  if (host === null || host.epoch !== connection.epoch || !host.online) return;
  pool.putHost({ ...host, online: false, offlineAt: now, lastSeen: now, suspectAt: undefined, heldUntil: undefined });
  for (const task of pool.tasksOf(host.hostId)) {
    if (task.abortedAt !== undefined) finish(pool, task, { status: 'aborted', now });
  }
}

/**
 * HostDO's answer to an `execute` that was meant for `connection`. `offline` proves that no socket saw the attempt; an
 * attempt that is not wanted any more by the time it was sent is called back.
 */
export function executeAnswered(
  pool: Pool,
  connection: ConnectionRef,
  run: RunRef,
  reply: ExecuteReply,
  now: number,
): void {
  const task = pool.task(run.taskId);
  const isWanted =
    task !== null &&
    isActive(task) &&
    task.hostId === connection.hostId &&
    task.offer === run.attempt &&
    task.status !== 'queued';
  if (reply === 'offline') {
    if (isWanted) withdrawOffer(pool, task);
    hostDisconnected(pool, connection, now);
  } else if (reply === 'unsendable') {
    const message = 'It does not fit into a frame together with what its host adds.';
    if (isWanted) finish(pool, task, { status: 'failed', code: 'start_failed', message, now });
  } else if (isWanted) {
    markDelivered(pool, task, now);
  } else {
    pool.owe({ kind: 'release', hostId: connection.hostId, run });
  }
}
