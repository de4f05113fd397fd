import type { z } from 'zod';
import { MAX_FRAME_BYTES } from '../limits.ts';
import { utf8Length } from '../utf8.ts';
import { describeIssues } from '../zod-issues.ts';

/** What came of a frame: a message, or why it is none. `ignored`: a type that this side does not know. */
export type Decoded<T> =
  | { kind: 'message'; message: T }
  | { kind: 'ignored'; type: string }
  | { kind: 'bad'; reason: string; oversized: boolean };

function typeOf(value: object): string | undefined {
  return 'type' in value && typeof value.type === 'string' ? value.type : undefined;
}

/**
 * Reads one text frame. Never throws: unknown fields are dropped, an unknown `type` is told apart from a bad frame, and
 * a reason names the field. `schemaFor` picks the schema from the parsed object.
 */
export function decodeFrame<T>(
  schemaFor: (frame: object) => z.ZodType<T>,
  knownTypes: ReadonlySet<string>,
  text: string,
): Decoded<T> {
  const bytes = utf8Length(text);
  if (bytes > MAX_FRAME_BYTES) {
    return {
      kind: 'bad',
      reason: `frame of ${bytes} bytes exceeds MAX_FRAME_BYTES ${MAX_FRAME_BYTES}`,
      oversized: true,
    };
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: 'bad', reason: 'frame is not JSON', oversized: false };
  }
  if (typeof value !== 'object' || value === null)
    return { kind: 'bad', reason: 'frame is not an object', oversized: false };
  const type = typeOf(value);
  if (type === undefined) return { kind: 'bad', reason: 'frame has no "type"', oversized: false };
  if (!knownTypes.has(type)) return { kind: 'ignored', type };
  const parsed = schemaFor(value).safeParse(value);
  if (parsed.success) return { kind: 'message', message: parsed.data };
  return { kind: 'bad', reason: `${type}: ${describeIssues(parsed.error, 'frame')}`, oversized: false };
}

/** One message as a text frame. Throws a `RangeError` when it exceeds `MAX_FRAME_BYTES`: senders bound what they send. */
export function encodeFrame(message: { type: string }): string {
  const text = JSON.stringify(message);
  const bytes = utf8Length(text);
  if (bytes > MAX_FRAME_BYTES)
    throw new RangeError(`${message.type} frame of ${bytes} bytes exceeds ${MAX_FRAME_BYTES}`);
  return text;
}
