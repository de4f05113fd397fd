/** What a pool looks like in figures. Pure: no clock, no randomness, no storage, no network. */
import type { PoolFigures } from '../rpc-figures.ts';
import type { Pool } from './pool.ts';
import { viewHost } from './public-host.ts';

/** What the working set alone can tell. */
export function figuresOf(pool: Pool): Omit<PoolFigures, 'created' | 'ended' | 'failingDeliveries'> {
  const tasks = { queued: 0, assigned: 0, running: 0 };
  let oldestQueuedAt: number | null = null;
  let pendingApprovals = 0;
  for (const { status, queuedAt, retryAt, asking = [] } of pool.activeTasks()) {
    if (status === 'queued' && retryAt === undefined) oldestQueuedAt = Math.min(oldestQueuedAt ?? queuedAt, queuedAt);
    if (status === 'queued' || status === 'assigned' || status === 'running') tasks[status] += 1;
    pendingApprovals += asking.length;
  }
  const hosts = { online: 0, busy: 0, offline: 0 };
  const slots = { used: 0, free: 0 };
  for (const host of pool.hosts()) {
    const { status, activeTasks, capabilities } = viewHost(pool, host);
    hosts[status] += 1;
    if (!host.online) continue;
    slots.used += activeTasks.length;
    slots.free += Math.max(0, capabilities.maxConcurrent - activeTasks.length);
  }
  return { tasks, oldestQueuedAt, pendingApprovals, hosts, slots };
}
