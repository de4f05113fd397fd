import { type LogEntry, logEntrySchema, type StatusEntry } from '../../shared/log-entry.ts';

/**
 * How a log is stored: rows of entries whose `seq` follow one another. Pure: no clock, no randomness, no storage.
 * An events row keeps the events' JSON texts, one a line (JSON holds no raw line break), so that a stream can be served
 * without parsing them; a status row keeps what the columns don't, as one JSON text.
 */
interface RowBase {
  /** `seq` of the first entry. */
  first: number;
  count: number;
  /** ms; of all entries. */
  at: number;
  attempt: number;
  hostId: string | null;
  body: string;
}
export interface EventsRow extends RowBase {
  kind: 'events';
  /** Numbering that the events came with; null for what the log itself says. */
  source: number | null;
  firstN: number | null;
}
export interface StatusRow extends RowBase {
  kind: 'status';
}
export type LogRow = EventsRow | StatusRow;

export const EVENT_SEPARATOR = '\n';

export type StatusBody = Pick<StatusEntry, 'status' | 'reason' | 'error'>;

/** An entry as JSON text, ready to be sent. */
export interface Frame {
  seq: number;
  text: string;
}

function head(row: LogRow, seq: number): string {
  const host = row.hostId === null ? '' : `"hostId":${JSON.stringify(row.hostId)},`;
  return `{"seq":${seq},"at":${row.at},${host}"attempt":${row.attempt},`;
}

/** The row's entries from `seq` `from` on, in order. */
export function framesOf(row: LogRow, from: number): Frame[] {
  if (row.kind === 'status') {
    // The body is a JSON object: its text after the brace continues the entry.
    return row.first < from ? [] : [{ seq: row.first, text: head(row, row.first) + row.body.slice(1) }];
  }
  const frames: Frame[] = [];
  for (const [index, event] of row.body.split(EVENT_SEPARATOR).entries()) {
    const seq = row.first + index;
    if (seq >= from) frames.push({ seq, text: `${head(row, seq)}"event":${event}}` });
  }
  return frames;
}

/** What stands in place of entries that are gone; both ends inclusive. `seq` is its last. */
export function gapFrame(from: number, to: number): Frame {
  return { seq: to, text: JSON.stringify({ gap: { from, to } }) };
}

export function parseFrame(frame: Frame): LogEntry {
  return logEntrySchema.parse(JSON.parse(frame.text));
}
