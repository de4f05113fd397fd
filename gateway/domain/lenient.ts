/** Pure: no clock, no randomness, no storage, no network. */
import type { z } from 'zod';

/** A field of somebody else's that may be there: of another form than expected it counts as absent, and the rest is read all the same. */
export function lenient<T extends z.ZodType>(schema: T) {
  return schema.optional().catch(undefined);
}
