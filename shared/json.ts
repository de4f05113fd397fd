import { z } from 'zod';
import { MAX_JSON_DEPTH } from './limits.ts';

/** Whether a JSON value (no cycles) nests at most `maxDepth` arrays or objects below itself; walks level by level. */
export function nestsWithin(value: unknown, maxDepth: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > maxDepth) return false;
    level = level.flatMap((item) => (typeof item === 'object' && item !== null ? Object.values(item) : []));
  }
  return true;
}

/** Options of the refinement that keeps foreign JSON writable: nothing after it may touch a value that is too deep. */
export const depthRule = {
  message: `must not nest deeper than ${MAX_JSON_DEPTH} levels`,
  params: { limit: 'MAX_JSON_DEPTH', max: MAX_JSON_DEPTH },
  abort: true,
};

/** Any JSON that can be written again: parsers take any depth, `JSON.stringify` overflows the stack at some thousands. */
export const jsonValueSchema = z.unknown().refine((value) => nestsWithin(value, MAX_JSON_DEPTH), depthRule);
