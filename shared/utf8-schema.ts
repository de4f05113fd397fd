import { z } from 'zod';
import { utf8Length } from './utf8.ts';

/**
 * Refinement options for "at most `max`": `params.limit` lets the HTTP layer answer `limit_exceeded` and name it.
 */
export function limited(name: string, max: number, unit = 'bytes') {
  return { message: `must be at most ${max} ${unit}`, params: { limit: name, max } };
}

/** A string of at most `max` UTF-8 bytes. */
export function boundedString(limit: string, max: number) {
  // JSON Schema counts characters, of which there are never more than bytes.
  return z
    .string()
    .refine((text) => utf8Length(text) <= max, limited(limit, max))
    .meta({ maxLength: max });
}
