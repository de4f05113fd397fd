import { createApp } from './http/app.ts';
import { addressFromPeer } from './http/client-address.ts';
import { objectsOf } from './http/objects.ts';
import { limitsOfProcess } from './http/rate-limit.ts';

export { AccessDO } from './objects/access/access-do.ts';
export { HostDO } from './objects/host/host-do.ts';
export { LogDO } from './objects/log/log-do.ts';
export { SchedulerDO } from './objects/scheduler/scheduler-do.ts';

/** The Worker on bare workerd, where no edge stands in front that vouches for the client's address. */
export default createApp({ objects: objectsOf, clientAddress: addressFromPeer, rateLimits: limitsOfProcess });
