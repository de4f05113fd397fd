import type { Down } from '../../../../shared/protocol/down.ts';
import type { RunRef } from '../../../../shared/protocol/run-ref.ts';
import type { ConnectionRef, LogApi, SchedulerForHost } from '../../../rpc.ts';
import type { RunRow } from '../../../store/host-runs-store.ts';
import type { Origin } from '../lanes.ts';

/** The run table, as handlers need it. */
export interface RunTable {
  held(run: RunRef): RunRow | null;
  started(run: RunRef): void;
  counted(run: RunRef, epoch: number, events: number): void;
  remove(run: RunRef): void;
}

/** Everything that a job's handler may touch. */
export interface HandlerDeps {
  hostId: () => string;
  /** Whether the connection that a job came on is still the newest. */
  isNewest(origin: Origin): boolean;
  /**
   * Reports to SchedulerDO in the name of the newest connection. Rejects while that is not settled: a registration is on
   * its way, or came in between, so that a `superseded` may be about the connection and not about the attempt.
   */
  report<T>(origin: Origin, call: (scheduler: SchedulerForHost, connection: ConnectionRef) => Promise<T>): Promise<T>;
  log(name: string): LogApi;
  runs: RunTable;
  /** The last event number known to be stored of a version-2 attempt; undefined when not known. */
  stored: { get(run: RunRef): number | undefined; set(run: RunRef, seq: number): void };
  /** Repeats `call` until it answers; rejects when it is given up, which a version-2 job is with its connection. */
  persist<T>(origin: Origin, call: () => Promise<T>): Promise<T>;
  /** One try, with a deadline. */
  once<T>(call: () => Promise<T>): Promise<T>;
  /** Sends on the job's own socket, if it is open. */
  reply(origin: Origin, frame: Down): void;
  /** Tells a version-1 host to stop a task that is not its own: once a connection. */
  abortStray(origin: Origin, taskId: string): void;
  /** A version-1 result was settled, or is to be tried again later. */
  settleEnd(run: RunRef): void;
  postponeEnd(run: RunRef): void;
}
