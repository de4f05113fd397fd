import { withDeadline } from '../../with-deadline.ts';
import type { HostParts } from './parts.ts';
import type { Peer } from './sockets.ts';

/** SchedulerDO could not be told that the host is gone: how long until the next try, ms. */
export const LOSS_RETRY_MS = 1_000;

/**
 * Closes a socket. When it was the current connection the host is offline from this moment; SchedulerDO is told by the
 * alarm, so that this may be called from anywhere, also from SchedulerDO's own calls (rule 8).
 */
export function closePeer(parts: HostParts, { ws, info }: Peer, code: number, reason: string): void {
  parts.sockets.close(ws, code, reason);
  if (parts.connection.lose(info.epoch)) parts.alarm.by(parts.clock.now());
}

/** Tells SchedulerDO that the current connection is gone, if it is and SchedulerDO does not know yet. */
export async function reportLoss(parts: HostParts): Promise<void> {
  const connection = parts.connection.get();
  if (connection?.state !== 'lost') return;
  const { pool, hostId, epoch, announced } = connection;
  // A registration that failed may or may not have reached SchedulerDO: it knows the one epoch or the other.
  const known = announced === epoch ? [epoch] : [announced, epoch];
  try {
    for (const one of known) {
      await withDeadline(() => parts.scheduler(pool).hostDisconnected({ hostId, epoch: one }));
    }
    parts.connection.close(connection);
  } catch (error) {
    console.warn('host: the scheduler could not be told of a lost connection', { hostId, epoch, error: String(error) });
    parts.alarm.by(parts.clock.now() + LOSS_RETRY_MS);
  }
}

/** The runtime says that a socket has closed or failed. */
export async function onClose(parts: HostParts, ws: WebSocket, code: number, reason: string): Promise<void> {
  // 1005 and 1006 stand for "no code": they must not be sent.
  parts.sockets.close(ws, code === 1005 || code === 1006 ? 1000 : code, reason);
  if (parts.connection.lose(parts.sockets.peer(ws).info.epoch)) await reportLoss(parts);
}

/** After a restart: the stored connection died with the server, or its loss was not reported any more. */
export function noticeLoss(parts: HostParts): void {
  const { connection, sockets, alarm, clock } = parts;
  if (connection.get()?.state === 'open' && sockets.of(connection.epoch()) === null)
    connection.lose(connection.epoch());
  if (connection.get()?.state === 'lost') alarm.by(clock.now());
}
