import { endBackoff, MAX_END_TRIES } from '../../domain/host-backoff.ts';
import type { ConnectionRef, SchedulerForHost } from '../../rpc.ts';
import type { Connection } from '../../store/host-connection-store.ts';
import { withDeadline } from '../../with-deadline.ts';
import { callUntil, MAX_CALL_TRIES } from './calls.ts';
import type { HandlerDeps } from './handlers/deps.ts';
import type { Origin } from './lanes.ts';
import type { HostParts } from './parts.ts';
import { StoredSeqs } from './stored-seqs.ts';

type Parts = Omit<HostParts, 'lanes'>;

/** No frame of a task is read before a registration. */
function newest(parts: Parts): Connection {
  const connection = parts.connection.get();
  if (connection === null) throw new Error('no host has registered here');
  return connection;
}

/** A version-2 host sends again on its next connection; a version-1 host does not, so its word outlives its socket. */
function worthATry(parts: Parts, { ws, epoch, protocol }: Origin): boolean {
  if (protocol === 1) return true;
  return ws?.readyState === WebSocket.OPEN && epoch === parts.connection.epoch();
}

async function report<T>(
  parts: Parts,
  origin: Origin,
  call: (scheduler: SchedulerForHost, connection: ConnectionRef) => Promise<T>,
): Promise<T> {
  const { pool, hostId, epoch, announced } = newest(parts);
  const mayHaveChanged = (): boolean => announced !== epoch || parts.connection.epoch() !== epoch;
  if (mayHaveChanged()) throw new Error('the connection is being registered');
  if (origin.protocol === 2 && origin.epoch !== epoch) throw new Error('the connection was replaced');
  const reply = await call(parts.scheduler(pool), { hostId, epoch });
  if (mayHaveChanged()) throw new Error('another connection registered meanwhile');
  return reply;
}

/** What the handlers of task frames work with. */
export function handlerDeps(parts: Parts): HandlerDeps {
  return {
    hostId: () => newest(parts).hostId,
    isNewest: (origin) => origin.epoch === parts.connection.epoch(),
    report: (origin, call) => report(parts, origin, call),
    log: (name) => parts.log(name),
    runs: parts.runs,
    stored: new StoredSeqs(),
    persist: (origin, call) =>
      callUntil(call, (tries) => tries < MAX_CALL_TRIES && worthATry(parts, origin), parts.clock),
    once: withDeadline,
    reply: ({ ws }, frame) => {
      if (ws !== null) parts.sockets.send(ws, frame);
    },
    abortStray: ({ ws }, taskId) => {
      if (ws !== null && parts.strays.add(taskId)) parts.sockets.send(ws, { type: 'task:abort', taskId });
    },
    settleEnd: (run) => parts.ends.settle(run),
    postponeEnd: (run) => {
      const tries = parts.ends.tries(run) + 1;
      if (tries >= MAX_END_TRIES) {
        console.error('host: a result is given up', { ...run, tries });
        parts.ends.settle(run);
        return;
      }
      const due = parts.clock.now() + endBackoff(tries);
      parts.ends.postpone(run, tries, due);
      parts.alarm.by(due);
    },
  };
}
