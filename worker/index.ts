import { createApp } from './http/app.ts';
import { addressFromEdge } from './http/client-address.ts';
import { objectsOf } from './http/objects.ts';
import { limitsOfEdge } from './http/rate-limit.ts';

export { AccessDO } from './objects/access/access-do.ts';
export { HostDO } from './objects/host/host-do.ts';
export { LogDO } from './objects/log/log-do.ts';
export { SchedulerDO } from './objects/scheduler/scheduler-do.ts';

/** The Worker as it runs on Cloudflare. */
export default createApp({ objects: objectsOf, clientAddress: addressFromEdge, rateLimits: limitsOfEdge });
