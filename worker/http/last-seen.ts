import type { HostStatus } from '../../shared/host.ts';

/** Calls in flight at once: enough to hide their latency, few enough not to flood the platform. */
const PARALLEL_CALLS = 50;
/** Calls of one request: below the 1,000 that the platform allows; the stalest hosts come first. */
const MAX_CALLS = 900;

type LastSeen = (hostId: string) => Promise<number | null>;

/** The host with its newest sign of life. One that cannot be asked just now keeps what is known. */
export async function refreshOne(host: HostStatus, lastSeen: LastSeen): Promise<HostStatus> {
  if (host.status === 'offline') return host;
  const seen = await lastSeen(host.hostId).catch(() => null);
  return seen === null || seen <= host.lastHeartbeat ? host : { ...host, lastHeartbeat: Math.floor(seen) };
}

/** The hosts in their order, those connected and last heard of before `staleBefore` (ms) asked anew. */
export async function refreshAll(hosts: HostStatus[], staleBefore: number, lastSeen: LastSeen): Promise<HostStatus[]> {
  const stale = hosts
    .filter((host) => host.status !== 'offline' && host.lastHeartbeat < staleBefore)
    .sort((a, b) => a.lastHeartbeat - b.lastHeartbeat)
    .slice(0, MAX_CALLS);
  const fresh = new Map<string, HostStatus>();
  for (let start = 0; start < stale.length; start += PARALLEL_CALLS) {
    const group = stale.slice(start, start + PARALLEL_CALLS);
    const answers = await Promise.all(group.map((host) => refreshOne(host, lastSeen)));
    for (const host of answers) fresh.set(host.hostId, host);
  }
  return hosts.map((host) => fresh.get(host.hostId) ?? host);
}
