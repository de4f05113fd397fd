import type { ServerSettings } from '../../../shared/settings.ts';
import type { Claims } from '../../../shared/token.ts';
import type { LogApi, SchedulerForHost } from '../../rpc.ts';
import type { AccessApi } from '../../rpc-access.ts';
import type { ConnectionStore } from '../../store/host-connection-store.ts';
import type { EndsStore } from '../../store/host-ends-store.ts';
import type { RunsStore } from '../../store/host-runs-store.ts';
import type { StraysStore } from '../../store/host-strays-store.ts';
import type { AlarmClock } from './alarm-clock.ts';
import type { Clock } from './calls.ts';
import type { Lanes } from './lanes.ts';
import type { Registering } from './registering.ts';
import type { Sockets } from './sockets.ts';

/** What HostDO is made of; put together once, by its constructor. */
export interface HostParts {
  settings: ServerSettings;
  clock: Clock;
  alarm: AlarmClock;
  sockets: Sockets;
  connection: ConnectionStore;
  runs: RunsStore;
  ends: EndsStore;
  strays: StraysStore;
  registering: Registering;
  lanes: Lanes;
  /** A new stub each time: after a reset the old one stays broken. */
  scheduler(pool: string): SchedulerForHost;
  log(name: string): LogApi;
  access(pool: string): AccessApi;
  /** Rejects when the server has no usable secret. */
  signToken(claims: Claims): Promise<string>;
  /** Whether the runtime shall answer version-2 heartbeats by itself. */
  answerHeartbeats(on: boolean): void;
}
