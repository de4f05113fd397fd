import { DAY_MS } from '../shared/clock.ts';

/** Names of objects. All begin with the pool: no token reaches another pool's objects. Pool and host ids hold no "/". */

/** Log objects per pool and day: enough to use a few threads in the cloud, few enough that calls merge (DESIGN, 5). */
export const LOG_SHARDS = 4;

export function hostObjectName(pool: string, hostId: string): string {
  return `${pool}/${hostId}`;
}

/** FNV-1a, 32 bits: spreads ids evenly, and stays the same in every runtime. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  return value >>> 0;
}

/** `pool/<day>/<shard>`, kept in the task's row: the number of shards may change under a task's feet. */
export function logObjectName(pool: string, taskId: string, createdAt: number): string {
  const day = new Date(Math.floor(createdAt / DAY_MS) * DAY_MS).toISOString().slice(0, 10);
  return `${pool}/${day}/${hash(taskId) % LOG_SHARDS}`;
}
