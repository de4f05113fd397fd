import type { GatewayConfig } from '../shared/host.ts';

/** In force until the server says otherwise by `config:update`. */
export const DEFAULT_RUNTIME: GatewayConfig = {
  heartbeatInterval: 30_000,
  /** As the server's own `TASK_TIMEOUT_MS`; it names a time limit with every task. */
  taskTimeout: 24 * 60 * 60 * 1000,
  maxRetries: 2,
};
