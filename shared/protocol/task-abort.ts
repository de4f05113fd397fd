import { z } from 'zod';
import { taskIdSchema } from '../ids.ts';

/** down · end the task's agent and everything it started. `attempt` from version 2 on. */
export const taskAbortSchema = z.object({
  type: z.literal('task:abort'),
  taskId: taskIdSchema,
  attempt: z.int().min(1).optional(),
});
