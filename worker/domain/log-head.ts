/**
 * What an append must know of a task's log so far. Pure: no clock, no randomness, no storage.
 */
export interface LogHead {
  /** Highest `seq` given; 0 for an empty log. */
  lastSeq: number;
  /** Highest status `rev` applied. */
  rev: number;
  /** Newest attempt whose `assigned` or `running` stands in the log. */
  attempt: number;
  /** That attempt's `running` stands in the log: its events may follow. */
  running: boolean;
  /** Last event number of that attempt, per source; `boundSources` keeps it small. */
  acked: Readonly<Record<string, number>>;
  /** Stored bytes of events. */
  bytes: number;
  /** No more events are stored: they leave a gap. */
  full: boolean;
  /** ms; when the task ended, null while it has not. */
  terminalAt: number | null;
}

export const EMPTY_HEAD: LogHead = {
  lastSeq: 0,
  rev: 0,
  attempt: 0,
  running: false,
  acked: {},
  bytes: 0,
  full: false,
  terminalAt: null,
};

/** The host's own numbering (protocol 2): it outlives connections. */
export const HOST_SOURCE = 0;

/**
 * Connections of one attempt whose numbering is remembered: HostDO forwards one connection's events at a time, so that
 * a call of an older one can only be a late repeat of the last few.
 */
export const KEPT_SOURCES = 32;

function connections(acked: LogHead['acked']): number[] {
  return Object.keys(acked)
    .map(Number)
    .filter((source) => source !== HOST_SOURCE)
    .sort((a, b) => a - b);
}

/** Whether the numbering of `source` has been forgotten: a batch of it can no longer be told from a repeat. */
export function isForgottenSource(acked: LogHead['acked'], source: number): boolean {
  if (source === HOST_SOURCE || acked[source] !== undefined) return false;
  const known = connections(acked);
  return known.length >= KEPT_SOURCES && known[0] !== undefined && source < known[0];
}

/** `acked` with one number raised, forgetting the oldest connection beyond `KEPT_SOURCES`. */
export function withAcked(acked: LogHead['acked'], source: number, last: number): LogHead['acked'] {
  const next: Record<string, number> = { ...acked, [source]: last };
  const known = connections(next);
  for (const old of known.slice(0, Math.max(0, known.length - KEPT_SOURCES))) delete next[old];
  return next;
}
