import { HEARTBEAT_REQUEST, HEARTBEAT_RESPONSE } from '../../../shared/protocol/heartbeat.ts';
import { parseServerSettings } from '../../../shared/settings.ts';
import type { Env } from '../../env.ts';
import { usableSecrets } from '../../secrets.ts';
import { ConnectionStore } from '../../store/host-connection-store.ts';
import { EndsStore } from '../../store/host-ends-store.ts';
import { RunsStore } from '../../store/host-runs-store.ts';
import { HOST_MIGRATIONS } from '../../store/host-schema.ts';
import { StraysStore } from '../../store/host-strays-store.ts';
import { migrate } from '../../store/migrate.ts';
import { signToken } from '../../token.ts';
import { AlarmClock } from './alarm-clock.ts';
import { systemClock } from './calls.ts';
import { handlerDeps } from './handler-deps.ts';
import { flush, perform } from './handlers/perform.ts';
import { Lanes } from './lanes.ts';
import type { HostParts } from './parts.ts';
import { Registering } from './registering.ts';
import { Sockets } from './sockets.ts';

/** The composition root of HostDO: the only place that reads `env`. Throws when a setting is bad. */
export function assemble(ctx: DurableObjectState, env: Env): HostParts {
  const { storage } = ctx;
  migrate(storage, HOST_MIGRATIONS);
  const parts: Omit<HostParts, 'lanes'> = {
    settings: parseServerSettings(env),
    clock: systemClock,
    alarm: new AlarmClock(storage),
    sockets: new Sockets(ctx),
    connection: new ConnectionStore(storage.sql),
    runs: new RunsStore(storage),
    ends: new EndsStore(storage.sql),
    strays: new StraysStore(storage.sql),
    registering: new Registering(),
    scheduler: (pool) => env.SCHEDULER.getByName(pool),
    log: (name) => env.LOG.getByName(name),
    signToken: async (claims) => {
      const [secret] = usableSecrets(env);
      if (secret === undefined) throw new Error('no usable secret');
      return await signToken(claims, secret);
    },
    access: (pool) => env.ACCESS.getByName(pool),
    answerHeartbeats: (on) =>
      ctx.setWebSocketAutoResponse(
        on ? new WebSocketRequestResponsePair(HEARTBEAT_REQUEST, HEARTBEAT_RESPONSE) : undefined,
      ),
  };
  const deps = handlerDeps(parts);
  const lanes = new Lanes(
    (job, origin, memory) => perform(deps, job, origin, memory),
    (taskId, memory) => flush(deps, taskId, memory),
  );
  return { ...parts, lanes };
}
