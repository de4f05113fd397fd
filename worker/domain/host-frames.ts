import { type AgentEvent, cutEvent } from '../../shared/event.ts';
import { MAX_EVENT_BYTES } from '../../shared/limits.ts';
import type { RunRef } from '../../shared/protocol/run-ref.ts';
import type { RefusalReason } from '../../shared/protocol/task-refused.ts';
import type { UpV1, UpV2 } from '../../shared/protocol/up.ts';
import type { AttemptEnd } from '../rpc.ts';
import { boundEnd } from './attempt-end.ts';

/**
 * What an up-frame means, given the run table: a job for its task's lane, or an answer at once. The fence stands here.
 * Pure: no clock, no storage, no socket.
 */

/** The run table's row for a frame's task. */
export interface HeldRun extends RunRef {
  log: string;
}

/** One piece of work about one attempt. `log` is null when the attempt is not this host's. */
export type TaskJob =
  | { kind: 'started'; run: HeldRun; sessionId: string }
  /** `first` is null in version 1, where HostDO numbers the events itself. */
  | { kind: 'events'; run: HeldRun; first: number | null; events: AgentEvent[]; size: number }
  /** `seq`: number of the attempt's last event; null in version 1. */
  | { kind: 'ended'; run: RunRef; log: string | null; seq: number | null; end: AttemptEnd }
  | { kind: 'refused'; run: HeldRun; reason: RefusalReason; message: string }
  | { kind: 'input-acked'; run: HeldRun; inputId: string };

export type Reading =
  | { kind: 'job'; job: TaskJob }
  /** Nothing but a sign of life. */
  | { kind: 'alive' }
  /** Version 1, and the task is not this host's: tell it once to stop. `end`: what became of it all the same. */
  | { kind: 'stray'; taskId: string; end: AttemptEnd | null }
  /** Version 2, and the attempt is not this host's. */
  | { kind: 'superseded'; run: RunRef };

function job(value: TaskJob): Reading {
  return { kind: 'job', job: value };
}

/** UTF-8 makes at most three bytes of one UTF-16 unit. */
const BYTES_PER_UNIT = 3;

/** A foreign gateway may not cut what it sends. A frame that is surely within the limit holds no event beyond it. */
function bounded(events: AgentEvent[], frameSize: number): AgentEvent[] {
  return frameSize * BYTES_PER_UNIT > MAX_EVENT_BYTES ? events.map(cutEvent) : events;
}

type EndV1 = Extract<UpV1, { type: 'task:completed' | 'task:failed' }>;

function endOfV1(message: EndV1): AttemptEnd;
function endOfV1(message: UpV1): AttemptEnd | null;
function endOfV1(message: UpV1): AttemptEnd | null {
  if (message.type === 'task:completed') return boundEnd({ kind: 'completed', result: message.result });
  if (message.type !== 'task:failed') return null;
  return boundEnd({ kind: 'failed', error: message.error, details: message.details });
}

/** `size`: length of the frame in UTF-16 units, as strings have it. */
export function readV1(message: UpV1, row: HeldRun | null, size: number): Reading {
  if (message.type === 'heartbeat') return { kind: 'alive' };
  if (row === null) return { kind: 'stray', taskId: message.taskId, end: endOfV1(message) };
  switch (message.type) {
    case 'task:started':
      return job({ kind: 'started', run: row, sessionId: message.sessionId });
    case 'task:event':
      return job({ kind: 'events', run: row, first: null, events: bounded([message.event], size), size });
    case 'task:completed':
    case 'task:failed':
      return job({ kind: 'ended', run: row, log: row.log, seq: null, end: endOfV1(message) });
  }
}

function endOf(message: Extract<UpV2, { type: 'task:completed' | 'task:failed' }>): AttemptEnd {
  if (message.type === 'task:completed') return { kind: 'completed', result: message.result };
  const { code, error, details, result } = message;
  return { kind: 'failed', code, error, details, result };
}

/** `row` may be of another attempt of the task than the frame. */
export function readV2(message: UpV2, row: HeldRun | null, size: number): Reading {
  if (message.type === 'heartbeat') return { kind: 'alive' };
  const run: RunRef = { taskId: message.taskId, attempt: message.attempt };
  const held = row !== null && row.attempt === message.attempt ? row : null;
  if (message.type === 'task:completed' || message.type === 'task:failed') {
    // Also one that is not this host's any more: a late result is kept, and its sender gets a typed answer.
    return job({ kind: 'ended', run, log: held?.log ?? null, seq: message.seq, end: boundEnd(endOf(message)) });
  }
  if (held === null) return { kind: 'superseded', run };
  switch (message.type) {
    case 'task:started':
      return job({ kind: 'started', run: held, sessionId: message.sessionId });
    case 'task:events':
      return job({ kind: 'events', run: held, first: message.seq, events: bounded(message.events, size), size });
    case 'task:refused':
      return job({ kind: 'refused', run: held, reason: message.reason, message: message.message });
    case 'input:ack':
      return job({ kind: 'input-acked', run: held, inputId: message.inputId });
  }
}
