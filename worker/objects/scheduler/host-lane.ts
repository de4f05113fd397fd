import type { RunRef } from '../../../shared/protocol/run-ref.ts';
import type { Nudge } from '../../domain/pool-effects.ts';
import type { ConnectionRef, ExecuteOrder, ExecuteReply, HostForScheduler } from '../../rpc.ts';
import { withDeadline } from '../../with-deadline.ts';
import type { Outbox } from './outbox.ts';

/** One item of a host's lane: a row of the outbox, or a nudge. */
export type HostItem = { row: number } | { nudge: Nudge };

export interface HostLaneDeps {
  outbox: Outbox;
  /** A stub of the host's object, fresh for every attempt. */
  host(): HostForScheduler;
  /** The host's newest connection, as far as the pool knows. */
  connection(): ConnectionRef;
  /** The order for an offer that still stands and was not delivered, for that connection. */
  order(taskId: string, offer: number): Promise<ExecuteOrder | null>;
  executeAnswered(connection: ConnectionRef, run: RunRef, reply: ExecuteReply): Promise<void>;
  /** That connection is gone, whatever the pool believes. */
  foundOffline(connection: ConnectionRef): Promise<void>;
  /** The run is still the host's and running: its inputs are wanted. */
  isRunning(run: RunRef): boolean;
  /** Whether an input that was sent still waits for the host's `input:ack`. */
  awaitsAck(): boolean;
  settle(rows: number[]): Promise<void>;
}

async function sendRow(id: number, deps: HostLaneDeps): Promise<void> {
  const owed = deps.outbox.get(id);
  if (owed === undefined) return;
  switch (owed.kind) {
    case 'abort': {
      const connection = deps.connection();
      const reply = await withDeadline(() => deps.host().abort(owed.run));
      if (reply === 'offline') await deps.foundOffline(connection);
      break;
    }
    case 'release':
      await withDeadline(() => deps.host().release(owed.run));
      break;
    case 'input': {
      if (!deps.isRunning(owed.run)) break;
      const reply = await withDeadline(() => deps.host().input(owed.run, owed.inputId, owed.content, owed.signal));
      // Kept: sent again after the next register, until it is acknowledged or the task has ended.
      if (reply === 'offline' || deps.awaitsAck()) return;
      break;
    }
    case 'configure':
      await withDeadline(() => deps.host().configure(owed.config));
      break;
    case 'drop':
      await withDeadline(() => deps.host().drop(owed.epoch));
      break;
    default:
      break;
  }
  await deps.settle([id]);
}

async function sendNudge(nudge: Nudge, deps: HostLaneDeps): Promise<void> {
  switch (nudge.kind) {
    case 'execute': {
      const order = await deps.order(nudge.taskId, nudge.offer);
      if (order === null) return;
      const connection = deps.connection();
      const reply = await withDeadline(() => deps.host().execute(order));
      await deps.executeAnswered(connection, { taskId: nudge.taskId, attempt: nudge.offer }, reply);
      return;
    }
    case 'probe':
      await withDeadline(() => deps.host().probe());
      return;
    case 'unpark':
      return;
  }
}

/** Delivers one item to a host's object. */
export async function sendToHost(item: HostItem, deps: HostLaneDeps): Promise<void> {
  await ('row' in item ? sendRow(item.row, deps) : sendNudge(item.nudge, deps));
}
