import type { RunVerdict } from '../../shared/protocol/registered.ts';
import type { TaskSettled } from '../../shared/protocol/task-settled.ts';
import type { SettledFile } from '../runs/files.ts';

/**
 * What became of a turn.
 * - `again`: something was sent, more may be due.
 * - `idle`: nothing to send until the run changes or the server answers, at the latest at `until` (ms).
 * - `blocked`: the connection has too much unacknowledged.
 */
export type Turn = { kind: 'again' } | { kind: 'idle'; until: number | null } | { kind: 'blocked' };

/** One run on its way over one connection; version 1 and version 2 differ here and nowhere above. */
export interface Channel {
  /** Sends at most one batch or frame of its kind. Rejects with the file system's errors. */
  turn(): Promise<Turn>;
  /** Bytes sent and not acknowledged. */
  readonly unacked: number;
  /** The server asked twice: `task:started` is due once more. */
  announceAgain(): void;
  ack(seq: number): void;
  settled(message: TaskSettled): void;
  close(): Promise<void>;
}

export interface ChannelDeps {
  /** ms, monotonic: a clock that is set must not settle a run too early. */
  now(): number;
  /** Room for unacknowledged bytes on the connection. */
  hasRoom(): boolean;
  /** The server is owed nothing more of this run. */
  settle(outcome: SettledFile['outcome'], reason: string | undefined): void;
}

/** Where an upload begins: after `registered` said so, or from the start. */
export type Resume = Pick<RunVerdict, 'ackedSeq'>;
