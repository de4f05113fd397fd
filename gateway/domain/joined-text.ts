/** Pure: no clock, no randomness, no storage, no network. Joins the deltas of a message or thought into pieces that are worth an event. */
import type { AgentEvent } from '../../shared/event.ts';

/** ms. A reader sees what is said at most so much later, and no more than two events a second. */
export const JOIN_MS = 500;
/** Characters of a piece beyond which it waits no longer; well below `MAX_EVENT_BYTES` in any script. */
const MAX_PIECE_CHARS = 8_192;

export type SpokenType = 'message' | 'thinking';

/** A message that is being said. */
export interface JoinedText {
  readonly type: SpokenType;
  /** Counts the messages of the run: pieces of one share it. */
  readonly message: number;
  /** The agent's own id of it; null when it gives none. */
  readonly id: string | null;
  /** Of the piece that waits; empty for none. */
  readonly text: string;
  /** ms; when its first delta came. */
  readonly since: number;
}

export const NOTHING_JOINED: JoinedText = { type: 'message', message: 1, id: null, text: '', since: 0 };

export interface JoinStep {
  joined: JoinedText;
  events: AgentEvent[];
}

/** Takes one more delta; the piece goes out when it is old or long enough. */
export function joinDelta(joined: JoinedText, delta: string, now: number): JoinStep {
  const since = joined.text === '' ? now : joined.since;
  return restOfPiece({ ...joined, text: joined.text + delta, since }, now);
}

/** The same for agents that say what they speak and of which message it is: another one ends the one before. */
export function joinChunk(joined: JoinedText, chunk: Pick<JoinedText, 'type' | 'id' | 'text'>, now: number): JoinStep {
  const isSame = joined.type === chunk.type && joined.id === chunk.id;
  const before: JoinStep = isSame ? { joined, events: [] } : endMessage(joined);
  const { type, id, text } = chunk;
  const after = joinDelta({ ...before.joined, type, id }, text, now);
  return { ...after, events: [...before.events, ...after.events] };
}

/** The piece that waits, if it has waited for long enough: to be asked while nothing else comes. */
export function restOfPiece(joined: JoinedText, now: number): JoinStep {
  const due = now - joined.since >= JOIN_MS || joined.text.length >= MAX_PIECE_CHARS;
  return due ? takePiece(joined) : { joined, events: [] };
}

/** The message is over: what waits goes out, and the next delta begins another. */
export function endMessage(joined: JoinedText): JoinStep {
  const step = takePiece(joined);
  return { ...step, joined: { ...step.joined, message: joined.message + 1 } };
}

function takePiece(joined: JoinedText): JoinStep {
  if (joined.text === '') return { joined, events: [] };
  const data = { messageId: joined.id ?? String(joined.message) };
  return {
    joined: { ...joined, text: '' },
    events: [{ type: joined.type, content: joined.text, data, timestamp: joined.since }],
  };
}
