import { z } from 'zod';
import { runRefShape } from './run-ref.ts';

/** Refusals that pass: no offers until the host frees something or registers anew. */
export const TEMPORARY_REFUSALS = ['full', 'draining'] as const;
/** Refusals for good: this task is not offered to this host until it registers anew. */
export const PERMANENT_REFUSALS = ['directory', 'agent', 'policy', 'environment', 'unavailable'] as const;

export const refusalReasonSchema = z.enum([...TEMPORARY_REFUSALS, ...PERMANENT_REFUSALS]);
export type RefusalReason = z.infer<typeof refusalReasonSchema>;

export function isPermanentRefusal(reason: RefusalReason): boolean {
  return reason !== 'full' && reason !== 'draining';
}

/** up · version 2: this host does not take the task; it goes back to the queue at once, uncounted. */
export const taskRefusedSchema = z.object({
  type: z.literal('task:refused'),
  ...runRefShape,
  reason: refusalReasonSchema,
  /** The rule, in words that a client may read: no paths of the host. */
  message: z.string(),
});
