import { setTimeout as sleep } from 'node:timers/promises';
import type { HostStatus } from '../shared/host.ts';
import type { ApiClient } from './api-client.ts';
import { ServerError } from './server-error.ts';

const LOOK_MS = 50;
/** A gateway registers in about a second; a slow machine gets more. */
const REGISTER_MS = 60_000;

/**
 * The host, once it has connected at `sinceMs` or later: after a restart the server may still list an earlier connection.
 * Throws a `ServerError` when that takes too long, or the signal's reason.
 */
export async function registeredHost(
  client: ApiClient,
  hostId: string,
  sinceMs: number,
  signal: AbortSignal,
): Promise<HostStatus> {
  const deadline = performance.now() + REGISTER_MS;
  while (performance.now() < deadline) {
    const host = (await client.hosts()).find((each) => each.hostId === hostId);
    if (host !== undefined && host.status !== 'offline' && host.connectedAt >= sinceMs) return host;
    await sleep(LOOK_MS, undefined, { signal }).catch(() => {});
    signal.throwIfAborted();
  }
  throw new ServerError('the gateway did not register in time', 1);
}
