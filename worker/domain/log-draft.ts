import type { LogHead } from './log-head.ts';
import type { LogRow } from './log-row.ts';

/** Pure: no clock, no randomness, no storage; `now` is passed in. */

/** A log while it is appended to. */
export interface Draft {
  head: LogHead;
  readonly rows: LogRow[];
}

export function push(draft: Draft, row: LogRow): void {
  draft.rows.push(row);
  draft.head = { ...draft.head, lastSeq: row.first + row.count - 1 };
}

/** The visible word that a full log leaves out what follows. */
export function pushMarker(draft: Draft, now: number): void {
  const content = 'The log of this task is full: further events leave a gap.';
  const body = JSON.stringify({ type: 'log', content, data: { limit: 'MAX_LOG_BYTES' }, timestamp: now });
  const { lastSeq, attempt } = draft.head;
  const row = { first: lastSeq + 1, count: 1, at: now, attempt, hostId: null, body } as const;
  push(draft, { ...row, kind: 'events', source: null, firstN: null });
}
