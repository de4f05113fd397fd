import { LATE_ALARM_MS, RENEW_AFTER } from '../../shared/limits.ts';

/**
 * When a host's socket must be looked at again, and what is to be done when it is. Pure: no clock, no storage, no
 * socket; `now` is passed in.
 */

/** A connection that has not registered by then is closed: `register` is the first thing that a gateway sends. */
export const REGISTER_TIMEOUT_MS = 10_000;

/** What the deadlines of one open socket depend on; times in ms since the epoch. */
export interface SocketTimes {
  /** `registered` has been sent. */
  registered: boolean;
  protocol: 1 | 2;
  connectedAt: number;
  /** The last sign of life, heartbeats answered by the runtime included. */
  lastSeen: number;
  lastPing: number;
  tokenExpires: number;
  /** When the token is to be renewed; 0 for never. */
  renewAt: number;
  /** No judgement about silence before this: the server itself was away. 0 for none. */
  graceUntil: number;
}

export interface Timing {
  heartbeatInterval: number;
  heartbeatTimeout: number;
}

export type DeadlineKind = 'expired' | 'renew' | 'unregistered' | 'silent' | 'ping';

export interface Deadline {
  kind: DeadlineKind;
  at: number;
}

/** Every deadline of one socket. */
export function deadlinesOf(times: SocketTimes, timing: Timing): Deadline[] {
  const ofToken: Deadline[] = [{ kind: 'expired', at: times.tokenExpires }];
  if (!times.registered) {
    const at = Math.max(times.connectedAt + REGISTER_TIMEOUT_MS, times.graceUntil);
    return [...ofToken, { kind: 'unregistered', at }];
  }
  if (times.renewAt > 0) ofToken.push({ kind: 'renew', at: times.renewAt });
  const silent: Deadline = {
    kind: 'silent',
    at: Math.max(times.lastSeen + timing.heartbeatTimeout, times.graceUntil),
  };
  // Version 2 sends heartbeats by itself, and the runtime answers them while the object sleeps.
  if (times.protocol === 2) return [...ofToken, silent];
  return [...ofToken, silent, { kind: 'ping', at: times.lastPing + timing.heartbeatInterval }];
}

/** When to look next. */
export function nextLook(times: SocketTimes, timing: Timing): number {
  return Math.min(...deadlinesOf(times, timing).map((deadline) => deadline.at));
}

export interface Look {
  due: DeadlineKind[];
  /** Set when the alarm came so late that the server must have been away: the new `graceUntil`. */
  graceUntil: number | null;
}

/**
 * What is due at `now`. When the alarm is late, silence proves nothing (nobody could be heard meanwhile): those
 * deadlines move to a whole timeout from now, and only what does not depend on the host is acted on.
 */
export function look(times: SocketTimes, timing: Timing, now: number): Look {
  const overdue = deadlinesOf(times, timing).filter((deadline) => deadline.at <= now);
  const hangsOnHost = ({ kind }: Deadline) => kind === 'silent' || kind === 'unregistered';
  const late = overdue.some(({ kind, at }) => kind !== 'expired' && kind !== 'renew' && now - at > LATE_ALARM_MS);
  if (!late) return { due: overdue.map((deadline) => deadline.kind), graceUntil: null };
  const due = overdue.filter((deadline) => !hangsOnHost(deadline)).map((deadline) => deadline.kind);
  return { due, graceUntil: now + timing.heartbeatTimeout };
}

/** When a token that lives from `issued` to `expires` is to be renewed; ms. */
export function renewalOf(issued: number, expires: number): number {
  return Math.ceil(issued + (expires - issued) * RENEW_AFTER);
}
