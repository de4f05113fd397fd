/** Pure: no clock, no randomness, no storage, no network. What the parsers of all agents that print JSON lines share. */
import type { z } from 'zod';
import type { AgentEvent } from '../../shared/event.ts';
import { MAX_FILES_CHANGED, MAX_OUTPUT_BYTES } from '../../shared/limits.ts';

/** The line's meaning by that schema; null when it is no JSON, or not one that is known. */
export function parseLine<T>(schema: z.ZodType<T>, text: string): T | null {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return null;
  }
  const line = schema.safeParse(json);
  return line.success ? line.data : null;
}

/** A line that no parser knows, as it came; nothing for an empty one. */
export function unknownLine(text: string, now: number): AgentEvent[] {
  return text.trim() === '' ? [] : [{ type: 'log', content: text, data: { stream: 'stdout' }, timestamp: now }];
}

export function logEvent(content: string, data: unknown, now: number): AgentEvent {
  return { type: 'log', content, data, timestamp: now };
}

/** In the log of a run whose agent was not given a `task:input`; `why` is a sentence without its full stop. */
export function undeliveredInput(why: string, now: number): AgentEvent {
  return logEvent(`${why}: what was sent to it was not delivered.`, { input: 'undelivered' }, now);
}

/** ms since the epoch of an ISO 8601 time; `now` when there is none. */
export function timeOf(iso: string | undefined, now: number): number {
  const time = Date.parse(iso ?? '');
  return Number.isNaN(time) ? now : time;
}

/** `texts` with one more, but only as many of the last ones as the answer can hold: an agent may talk without end. */
export function withText(texts: readonly string[], text: string): readonly string[] {
  const all = [...texts, text];
  let characters = 0;
  const first = all.findLastIndex((each) => {
    characters += each.length + 1;
    return characters >= MAX_OUTPUT_BYTES;
  });
  return all.slice(Math.max(0, first));
}

/** `files` with `path`, once, and no more than are reported; the same for null. */
export function withFile(files: readonly string[], path: string | null): readonly string[] {
  const fresh = path !== null && !files.includes(path) && files.length < MAX_FILES_CHANGED;
  return fresh ? [...files, path] : files;
}

/** A field of what may be no object. */
export function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined;
}
