import { z } from 'zod';
import { runRefShape } from './run-ref.ts';

/** down · version 2: the typed answer to an end or to a frame of an attempt that is over. */
export const taskSettledSchema = z.object({
  type: z.literal('task:settled'),
  ...runRefShape,
  /**
   * - `committed`: it is the task's result.
   * - `superseded`: the attempt was given away or ended before; kept among the attempts. End the agent, forget the run.
   * - `rejected`: cannot be taken, for `reason`; forget the run.
   * - `retry`: not now; send it again after `retryAfter` ms.
   */
  outcome: z.enum(['committed', 'superseded', 'rejected', 'retry']),
  reason: z.string().optional(),
  retryAfter: z.int().min(0).optional(),
});
export type TaskSettled = z.infer<typeof taskSettledSchema>;
