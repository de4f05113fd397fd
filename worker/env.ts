import type { AccessDO } from './objects/access/access-do.ts';
import type { HostDO } from './objects/host/host-do.ts';
import type { LogDO } from './objects/log/log-do.ts';
import type { SchedulerDO } from './objects/scheduler/scheduler-do.ts';

/** The Worker's bindings, as `wrangler.toml` and the local server provide them. */
export interface Env {
  SCHEDULER: DurableObjectNamespace<SchedulerDO>;
  HOST: DurableObjectNamespace<HostDO>;
  LOG: DurableObjectNamespace<LogDO>;
  ACCESS: DurableObjectNamespace<AccessDO>;
  /** Absent on the local server: bare workerd has no such binding. */
  CONNECT_LIMIT?: RateLimit;
  API_LIMIT?: RateLimit;
  CREATE_LIMIT?: RateLimit;
  ENROL_LIMIT?: RateLimit;
  JWT_SECRET?: string;
  JWT_SECRET_PREVIOUS?: string;
  /** The settings of `shared/settings.ts`, as text; parsed once per object. */
  [setting: string]: unknown;
}
