/** Pure: no clock, no randomness, no I/O. What follows from the way a connection ended. */
import { CLOSE } from '../../shared/close-codes.ts';
import { STABLE_CONNECTION_MS } from './backoff.ts';

export type ConnectionEnd =
  /** The upgrade was answered by an HTTP status. */
  | { kind: 'refused'; status: number; message: string; retryAfterMs: number }
  /** No answer at all: address, network, TLS, time. */
  | { kind: 'unreachable'; message: string }
  /** `registered {ok: false}`. */
  | { kind: 'rejected'; message: string }
  /** `registeredMs`: how long it had been registered; 0 when it never was. */
  | { kind: 'closed'; code: number; message: string; registeredMs: number };

export type ConnectionFate =
  /** Trying again would not help. */
  | { kind: 'stop'; why: 'refused' | 'replaced'; message: string }
  /** `fresh`: the connection was good for a while, so counting failures starts anew. `atLeastMs`: the server's wish. */
  | { kind: 'retry'; message: string; fresh: boolean; atLeastMs: number };

const UNAUTHORIZED = 401;
const FORBIDDEN = 403;
/** In the one 403 that a host can mend by itself. */
const HOST_ID_FIELD = 'hostId';
const HOST_ID_HINT = 'a token works for one host id: set GATEWAY_HOST_ID to that';

function withReason(what: string, reason: string): string {
  return reason === '' ? what : `${what}: ${reason}`;
}

/** Whether to connect again. The message is one line for a person. */
export function connectionFate(end: ConnectionEnd): ConnectionFate {
  switch (end.kind) {
    case 'refused': {
      const message = withReason(`the server answered ${end.status}`, end.message);
      if (end.status === UNAUTHORIZED) return { kind: 'stop', why: 'refused', message };
      if (end.status === FORBIDDEN) {
        const hint = end.message.includes(HOST_ID_FIELD) ? ` (${HOST_ID_HINT})` : '';
        return { kind: 'stop', why: 'refused', message: `${message}${hint}` };
      }
      return { kind: 'retry', message, fresh: false, atLeastMs: end.retryAfterMs };
    }
    case 'unreachable':
      return { kind: 'retry', message: end.message, fresh: false, atLeastMs: 0 };
    case 'rejected':
      return { kind: 'stop', why: 'refused', message: withReason('the server rejected the registration', end.message) };
    case 'closed': {
      if (end.code === CLOSE.UNAUTHENTICATED)
        return {
          kind: 'stop',
          why: 'refused',
          message: withReason(`the server no longer accepts the token (${end.code})`, end.message),
        };
      if (end.code === CLOSE.REPLACED)
        return {
          kind: 'stop',
          why: 'replaced',
          message: `another daemon connected under the same host id (${end.code})`,
        };
      const message = withReason(`connection closed (${end.code})`, end.message);
      return { kind: 'retry', message, fresh: end.registeredMs >= STABLE_CONNECTION_MS, atLeastMs: 0 };
    }
  }
}

const MS_PER_SECOND = 1000;

/** ms of a `Retry-After` header (seconds, or an HTTP date judged by `now`); 0 when it is absent or senseless. */
export function retryAfterMs(header: string | undefined, now: number): number {
  if (header === undefined || header.trim() === '') return 0;
  const seconds = Number(header);
  const ms = Number.isNaN(seconds) ? Date.parse(header) - now : seconds * MS_PER_SECOND;
  return Number.isFinite(ms) ? Math.max(0, ms) : 0;
}
