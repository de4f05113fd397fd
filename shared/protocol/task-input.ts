import { z } from 'zod';
import { taskIdSchema } from '../ids.ts';
import { runRefShape } from './run-ref.ts';

/** down · text for the running agent. Version 2 adds the attempt and an id, and answers `input:ack`. */
export const taskInputSchema = z.object({
  type: z.literal('task:input'),
  taskId: taskIdSchema,
  content: z.string(),
  attempt: z.int().min(1).optional(),
  /** The same id may come again after a reconnect: it is given to the agent once. */
  inputId: z.string().optional(),
});

/** up · version 2: the input is on the host's disk, or will never reach the agent. */
export const inputAckSchema = z.object({
  type: z.literal('input:ack'),
  ...runRefShape,
  inputId: z.string(),
});
