import { z } from 'zod';
import { taskRequestSchema } from '../task.ts';

/** down · run this. Never before `registered`, at most once per attempt and socket. `attempt` from version 2 on. */
export const taskExecuteSchema = z.object({
  type: z.literal('task:execute'),
  attempt: z.int().min(1).optional(),
  task: taskRequestSchema,
});
export type TaskExecute = z.infer<typeof taskExecuteSchema>;
