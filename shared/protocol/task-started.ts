import { z } from 'zod';
import { taskIdSchema } from '../ids.ts';
import { runRefShape } from './run-ref.ts';

/** up · the host has taken the task; sent again when the agent names its session. */
export const taskStartedV1Schema = z.object({
  type: z.literal('task:started'),
  taskId: taskIdSchema,
  sessionId: z.string().default('').catch(''),
});

/** Version 2 sends it on acceptance, before the agent is up: its run directory is durable by then. */
export const taskStartedV2Schema = taskStartedV1Schema.extend({ ...runRefShape, sessionId: z.string() });
