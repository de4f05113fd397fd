import type { AppendReply, AppendRequest } from '../rpc.ts';
import { applyBatch, LOG_LIMITS, type LogLimits } from './log-batch.ts';
import type { Draft } from './log-draft.ts';
import type { LogHead } from './log-head.ts';
import type { LogRow } from './log-row.ts';
import { applyRecords } from './log-statuses.ts';

/** What an append does to a log: order, repeats and size. Pure: no clock, no randomness, no storage; `now` is passed in. */

export interface Appended {
  head: LogHead;
  /** To insert and, once durable, to send to watchers. */
  rows: LogRow[];
  reply: AppendReply;
}

/**
 * Appends what is new in `request`. Throws `NotBegunError` when the batch comes before its attempt's `running`. `end`
 * is left for another call while events of the batch are missing: after it they could not be stored any more.
 */
export function appendToLog(
  head: LogHead,
  request: Omit<AppendRequest, 'taskId'>,
  now: number,
  limits: LogLimits = LOG_LIMITS,
): Appended {
  const draft: Draft = { head, rows: [] };
  applyRecords(draft, request.status);
  const { batch } = request;
  const reply =
    batch === null ? { stored: 0, closed: draft.head.terminalAt !== null } : applyBatch(draft, batch, limits, now);
  const complete = batch === null || reply.closed || reply.stored >= batch.first + batch.events.length - 1;
  if (complete) applyRecords(draft, request.end);
  return { head: draft.head, rows: draft.rows, reply };
}
