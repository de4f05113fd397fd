/** Pure: no clock, no randomness, no I/O. What to send next of one run over one version-2 connection. */

/** ms after which an unanswered batch or end is sent again: the server lost it without losing the socket. */
export const ANSWER_TIMEOUT_MS = 30_000;
/** ms before a batch that the server could not store is sent again. */
export const RESEND_PAUSE_MS = 1_000;

export interface Batch {
  last: number;
  bytes: number;
  sentAt: number;
}

export interface UploadState {
  /** Session id that was last said on this connection; null: `task:started` has not been sent. */
  announced: string | null;
  /** Events up to this number are stored by the server. */
  acked: number;
  /** At most one: an answer then always belongs to it, and what waits meanwhile makes the next batch larger. */
  inFlight: Batch | null;
  /** When the end was sent; null when it is due. */
  endSentAt: number | null;
  /** Nothing is sent before. */
  pausedUntil: number;
}

/** What is known of the run. `lastSeq`: null while it runs. */
export interface UploadView {
  owed: 'all' | 'end' | 'nothing';
  sessionId: string;
  lastSeq: number | null;
}

/** `until`: look again then at the latest; null: something else will call. */
export type UploadStep = { do: 'announce' | 'events' | 'end' } | { do: 'wait'; until: number | null };

export function newUpload(acked: number): UploadState {
  return { announced: null, acked, inFlight: null, endSentAt: null, pausedUntil: 0 };
}

/** The next thing to send. After `events` the caller reads the disk, and waits for its change when nothing is there. */
export function nextStep(state: UploadState, view: UploadView, now: number): UploadStep {
  if (view.owed === 'nothing') return { do: 'wait', until: null };
  if (now < state.pausedUntil) return { do: 'wait', until: state.pausedUntil };
  if (view.owed === 'all') {
    if (state.announced !== view.sessionId) return { do: 'announce' };
    if (state.inFlight !== null) {
      const until = state.inFlight.sentAt + ANSWER_TIMEOUT_MS;
      return now < until ? { do: 'wait', until } : { do: 'events' };
    }
    if (view.lastSeq === null || state.acked < view.lastSeq) return { do: 'events' };
  }
  if (view.lastSeq === null) return { do: 'wait', until: null };
  if (state.endSentAt === null) return { do: 'end' };
  const until = state.endSentAt + ANSWER_TIMEOUT_MS;
  return now < until ? { do: 'wait', until } : { do: 'end' };
}

/** The server says that it has every event up to `seq`. */
export function afterAck(state: UploadState, seq: number, now: number): UploadState {
  const next: UploadState = { ...state, acked: seq, inFlight: null };
  // It has no more than before: the batch could not be stored, or this is the answer to an earlier copy of it.
  if (state.inFlight !== null && seq === state.acked) return { ...next, pausedUntil: now + RESEND_PAUSE_MS };
  if (seq < state.acked) return { ...next, endSentAt: null };
  return next;
}

/** The server asks for the end once more, `retryAfter` ms from now. */
export function afterRetry(state: UploadState, retryAfter: number, now: number): UploadState {
  return { ...state, endSentAt: null, pausedUntil: now + retryAfter };
}
