/** Offers waiting tasks to free hosts. Pure. */
import { offer } from './lifecycle.ts';
import { pickHost } from './placement.ts';
import type { Pool } from './pool.ts';
import { insertInOrder } from './waiting-index.ts';

/**
 * Offers work until no waiting task finds a host: oldest first, and a task that must wait holds up only those with the
 * same demands. Costs next to nothing while every host is full.
 */
export function dispatch(pool: Pool, now: number): void {
  if (!pool.hasOpenHosts) return;
  const heads = pool.waiting.heads();
  for (let head = heads.shift(); head !== undefined && pool.hasOpenHosts; head = heads.shift()) {
    const host = pickHost(pool.openCandidates(head), head, now);
    if (host === null) continue;
    offer(pool, head, host, now);
    const next = pool.waiting.headLike(head);
    if (next !== null) insertInOrder(heads, next);
  }
}
