/**
 * Pure: no clock, no randomness, no storage, no network. Redacts a run's events. A message comes in pieces: what may be the beginning of a
 * secret at a piece's end waits for the next one, for a moment.
 */
import type { AgentEvent } from '../../shared/event.ts';
import { type Redactor, redactText, redactValue, settledLength } from './redactor.ts';

/** ms for which the end of a piece waits at most. */
export const MAX_HELD_MS = 1_000;

/** The end of a message's last piece. */
interface Held {
  readonly event: AgentEvent;
  readonly text: string;
  /** ms. */
  readonly since: number;
}

export interface Redaction {
  readonly redactor: Redactor;
  readonly held: Held | null;
  /** Passages that were taken out so far. */
  readonly count: number;
}

export interface RedactionStep {
  state: Redaction;
  events: AgentEvent[];
}

export function startRedaction(redactor: Redactor): Redaction {
  return { redactor, held: null, count: 0 };
}

/** Takes the next event, whose data may not nest deeper than the stack allows; `now` in ms. */
export function redactEvent(state: Redaction, event: AgentEvent, now: number): RedactionStep {
  const { held } = state;
  // What is logged meanwhile ends no message.
  if (event.type === 'log') return told(state, event);
  const message = messageOf(event);
  const goesOn = held !== null && message === messageOf(held.event);
  const before = goesOn ? { state, events: [] } : releaseHeld(state, Number.POSITIVE_INFINITY);
  const after =
    message === null
      ? told(before.state, event)
      : piece(before.state, event, goesOn ? held : { event, text: '', since: now });
  return { ...after, events: [...before.events, ...after.events] };
}

/** What has waited for long enough by `now`; by infinity, whatever waits. */
export function releaseHeld(state: Redaction, now: number): RedactionStep {
  const { held } = state;
  if (held === null || now - held.since < MAX_HELD_MS) return { state, events: [] };
  return told({ ...state, held: null }, { ...held.event, content: held.text });
}

function piece(state: Redaction, event: AgentEvent, before: Held): RedactionStep {
  const text = before.text + (event.content ?? '');
  const length = settledLength(state.redactor, text);
  const rest = text.slice(length);
  // What waits does not wait longer because more of it has come.
  const next = { ...state, held: rest === '' ? null : { event, text: rest, since: before.since } };
  return length === 0 ? { state: next, events: [] } : told(next, { ...event, content: text.slice(0, length) });
}

function told(state: Redaction, event: AgentEvent): RedactionStep {
  const content = event.content === undefined ? null : redactText(state.redactor, event.content);
  const data = redactValue(state.redactor, event.data);
  const redacted = {
    ...event,
    ...(content === null ? {} : { content: content.text }),
    ...(event.data === undefined ? {} : { data: data.value }),
  };
  return { state: { ...state, count: state.count + (content?.count ?? 0) + data.count }, events: [redacted] };
}

/** Which message the event is a piece of; null when it comes whole. */
function messageOf({ type, data }: AgentEvent): string | null {
  if (type !== 'message' && type !== 'thinking') return null;
  if (typeof data !== 'object' || data === null || !('messageId' in data)) return null;
  return `${type} ${String(data.messageId)}`;
}
