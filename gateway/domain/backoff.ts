/** Pure: no clock, no randomness, no I/O. */

/** First wait; doubles with every failure in a row. */
const FIRST_BACKOFF_MS = 1_000;
/** Longest wait: shorter than `RECONNECT_GRACE_MS`, so that a host is back before its tasks are given away. */
export const MAX_BACKOFF_MS = 60_000;
/** Spread, so that a restarted server is not hit by all its hosts at once. */
export const BACKOFF_JITTER = 0.25;
/** ms for which a connection must have stayed registered before its loss counts as a first failure again. */
export const STABLE_CONNECTION_MS = 5_000;

/**
 * ms to wait before the next attempt, after `failures` failures in a row before this one. `random` is in [0, 1).
 * `atLeast` (the server's `Retry-After`, ms) raises it, but never beyond `MAX_BACKOFF_MS`.
 */
export function backoffMs(failures: number, random: number, atLeast = 0): number {
  const base = Math.min(FIRST_BACKOFF_MS * 2 ** failures, MAX_BACKOFF_MS);
  const jittered = base * (1 - BACKOFF_JITTER + 2 * BACKOFF_JITTER * random);
  return Math.round(Math.min(Math.max(jittered, atLeast), MAX_BACKOFF_MS));
}
