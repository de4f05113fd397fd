/** A host as the API shows it. Pure. */
import type { HostStatus } from '../../shared/host.ts';
import type { Pool } from './pool.ts';
import type { PoolHost } from './pool-host.ts';

export function viewHost(pool: Pool, host: PoolHost): HostStatus {
  const activeTasks = pool.tasksOf(host.hostId).map((task) => task.id);
  const busyOrIdle = activeTasks.length > 0 ? 'busy' : 'online';
  return {
    hostId: host.hostId,
    name: host.capabilities.name,
    status: host.online ? busyOrIdle : 'offline',
    capabilities: host.capabilities,
    activeTasks,
    lastHeartbeat: host.lastSeen,
    connectedAt: host.connectedAt,
  };
}
