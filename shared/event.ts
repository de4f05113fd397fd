import { z } from 'zod';
import { jsonValueSchema, nestsWithin } from './json.ts';
import { MAX_EVENT_BYTES, MAX_JSON_DEPTH } from './limits.ts';
import { utf8Head, utf8Length } from './utf8.ts';

export const EVENT_TYPES = ['log', 'thinking', 'tool_call', 'tool_result', 'file_change', 'message', 'error'] as const;

/** What an agent did; `timestamp` is the host's clock, ms. */
export const agentEventSchema = z.object({
  type: z.enum(EVENT_TYPES),
  content: z.string().optional(),
  data: jsonValueSchema.optional(),
  timestamp: z.number(),
});
export type AgentEvent = z.infer<typeof agentEventSchema>;

/** Of a cut event's JSON: all but the content, which gets the rest. */
const ENVELOPE_BYTES = 512;

function jsonBytes(value: unknown): number {
  return utf8Length(JSON.stringify(value));
}

/** A head of `text` of at most `maxBytes` as JSON: escapes are only known once written, so it shrinks by their share. */
function jsonHead(text: string, maxBytes: number): string {
  let head = utf8Head(text, maxBytes);
  for (let bytes = jsonBytes(head); bytes > maxBytes; bytes = jsonBytes(head)) {
    head = utf8Head(head, Math.floor((utf8Length(head) * maxBytes) / bytes));
  }
  return head;
}

/** The event itself; where its `data` nests too deep to be written as JSON, that is `{truncated: true}`. */
export function writableEvent(event: AgentEvent): AgentEvent {
  return nestsWithin(event.data, MAX_JSON_DEPTH) ? event : { ...event, data: { truncated: true } };
}

/**
 * The event itself, or one cut to `MAX_EVENT_BYTES` as JSON: `data` is replaced by `{truncated: true, bytes}` with the
 * original size, `content` keeps its head. It is made writable first.
 */
export function cutEvent(printed: AgentEvent): AgentEvent {
  const event = writableEvent(printed);
  const bytes = jsonBytes(event);
  if (bytes <= MAX_EVENT_BYTES) return event;
  const data = { truncated: true, bytes };
  if (event.content === undefined) return { type: event.type, data, timestamp: event.timestamp };
  const content = jsonHead(event.content, MAX_EVENT_BYTES - ENVELOPE_BYTES);
  return { type: event.type, content, data, timestamp: event.timestamp };
}
