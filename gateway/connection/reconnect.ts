import { setTimeout as delay } from 'node:timers/promises';
import { backoffMs } from '../domain/backoff.ts';
import { type ConnectionEnd, type ConnectionFate, connectionFate } from '../domain/connection-fate.ts';

export interface ReconnectDeps {
  /** One connection from its first byte to its end. */
  connect(signal: AbortSignal): Promise<ConnectionEnd>;
  /** A connection ended and the next attempt follows in `delayMs`. */
  onRetry(message: string, delayMs: number): void;
  /** In [0, 1). */
  random(): number;
}

/** Keeps one connection up until the server refuses for good (the answer says how) or `signal` is aborted (null). */
export async function keepConnected(
  deps: ReconnectDeps,
  signal: AbortSignal,
): Promise<Extract<ConnectionFate, { kind: 'stop' }> | null> {
  let failures = 0;
  while (!signal.aborted) {
    const fate = connectionFate(await deps.connect(signal));
    if (signal.aborted) break;
    if (fate.kind === 'stop') return fate;
    if (fate.fresh) failures = 0;
    const delayMs = backoffMs(failures, deps.random(), fate.atLeastMs);
    failures += 1;
    deps.onRetry(fate.message, delayMs);
    await delay(delayMs, undefined, { signal }).catch(() => {});
  }
  return null;
}
