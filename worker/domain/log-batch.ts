import { cutEvent } from '../../shared/event.ts';
import { MAX_EVENT_BYTES, MAX_LOG_BYTES } from '../../shared/limits.ts';
import { utf8Length } from '../../shared/utf8.ts';
import type { AppendReply, EventBatch } from '../rpc.ts';
import { type Draft, push, pushMarker } from './log-draft.ts';
import { isForgottenSource, withAcked } from './log-head.ts';
import { EVENT_SEPARATOR } from './log-row.ts';

/** A batch of events on its way into the log. Pure: no clock, no randomness, no storage; `now` is passed in. */

/** Body of one row, bytes: half of what SQLite storage takes in a row, room for one more event and the columns. */
export const MAX_ROW_BYTES = 1024 * 1024;

export interface LogLimits {
  logBytes: number;
  rowBytes: number;
}
export const LOG_LIMITS: LogLimits = { logBytes: MAX_LOG_BYTES, rowBytes: MAX_ROW_BYTES };

/**
 * The batch cannot be placed: its attempt's `running` is not in the log, only on its way. The sender passes the record
 * on ahead of the events, or comes again when the outbox has delivered it.
 */
export class NotBegunError extends Error {
  override readonly name = 'NotBegunError';
}

/** Stores the texts as rows of at most `limits.rowBytes`, until the log is full; the rest leave a gap. */
function storeEvents(draft: Draft, batch: EventBatch, skipped: number, limits: LogLimits, now: number): void {
  const { attempt, hostId, source } = batch;
  let texts: string[] = [];
  let size = 0;
  let firstN = batch.first + skipped;
  const flush = (): void => {
    if (texts.length === 0) return;
    const { lastSeq, bytes } = draft.head;
    const body = texts.join(EVENT_SEPARATOR);
    const row = { first: lastSeq + 1, count: texts.length, at: now, attempt, hostId, body };
    push(draft, { ...row, kind: 'events', source, firstN });
    draft.head = { ...draft.head, bytes: bytes + size };
    firstN += texts.length;
    texts = [];
    size = 0;
  };
  for (const [index, event] of batch.events.entries()) {
    if (index < skipped) continue;
    const { text, bytes } = eventText(event);
    if (draft.head.full || draft.head.bytes + size + bytes > limits.logBytes) {
      flush();
      const left = batch.events.length - index;
      if (!draft.head.full) pushMarker(draft, now);
      // They keep their places: whoever reads on finds one gap there.
      draft.head = { ...draft.head, full: true, lastSeq: draft.head.lastSeq + left };
      return;
    }
    if (size + bytes > limits.rowBytes) flush();
    texts.push(text);
    size += bytes;
  }
  flush();
}

function eventText(event: EventBatch['events'][number]): { text: string; bytes: number } {
  const text = JSON.stringify(event);
  const bytes = utf8Length(text) + EVENT_SEPARATOR.length;
  if (bytes <= MAX_EVENT_BYTES + EVENT_SEPARATOR.length) return { text, bytes };
  const cut = JSON.stringify(cutEvent(event));
  return { text: cut, bytes: utf8Length(cut) + EVENT_SEPARATOR.length };
}

/** Stores what is new of the batch. Throws `NotBegunError` when it comes before its attempt's `running`. */
export function applyBatch(draft: Draft, batch: EventBatch, limits: LogLimits, now: number): AppendReply {
  const { attempt, running, acked, terminalAt } = draft.head;
  const last = attempt === batch.attempt ? (acked[batch.source] ?? 0) : 0;
  if (terminalAt !== null || batch.attempt < attempt || isForgottenSource(acked, batch.source)) {
    return { stored: last, closed: true };
  }
  if (batch.attempt > attempt || !running) {
    throw new NotBegunError(`attempt ${batch.attempt} is not running in the log, which is at attempt ${attempt}`);
  }
  const skipped = last + 1 - batch.first;
  if (skipped < 0 || skipped >= batch.events.length) return { stored: last, closed: false };
  storeEvents(draft, batch, skipped, limits, now);
  const stored = batch.first + batch.events.length - 1;
  draft.head = { ...draft.head, acked: withAcked(draft.head.acked, batch.source, stored) };
  return { stored, closed: false };
}
