import { z } from 'zod';
import { taskIdSchema } from '../ids.ts';

/** Which attempt of which task a version-2 frame is about: the fence that every up-frame carries. */
export const runRefShape = {
  taskId: taskIdSchema,
  attempt: z.int().min(1),
};

export const runRefSchema = z.object(runRefShape);
export type RunRef = z.infer<typeof runRefSchema>;
