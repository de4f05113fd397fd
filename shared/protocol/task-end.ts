import { z } from 'zod';
import { failureCodeSchema } from '../errors.ts';
import { taskIdSchema } from '../ids.ts';
import { jsonValueSchema } from '../json.ts';
import { taskResultSchema } from '../task.ts';
import { runRefShape } from './run-ref.ts';

/**
 * A version-1 gateway is anybody's program, and sends a frame once: an optional field that is off (`exitCode: null` after a
 * signal) is dropped, not the frame that ends a task.
 */
const resultV1Schema = z.object({
  success: taskResultSchema.shape.success,
  exitCode: taskResultSchema.shape.exitCode.catch(undefined),
  output: taskResultSchema.shape.output.catch(undefined),
  duration: taskResultSchema.shape.duration.catch(undefined),
  filesChanged: taskResultSchema.shape.filesChanged.catch(undefined),
});

/** An error that is no text is shown as JSON. */
const errorTextSchema = z.union([
  z.string(),
  z.unknown().transform((error) => JSON.stringify(error) ?? 'no reason given'),
]);

/** up · the agent ended by itself. */
export const taskCompletedV1Schema = z.object({
  type: z.literal('task:completed'),
  taskId: taskIdSchema,
  result: resultV1Schema,
});

/** up · the agent crashed, timed out, or never ran. */
export const taskFailedV1Schema = z.object({
  type: z.literal('task:failed'),
  taskId: taskIdSchema,
  error: errorTextSchema,
  details: jsonValueSchema.optional(),
});

/** `seq`: number of the attempt's last event; the end is committed only when all of them are stored. */
const endShape = { ...runRefShape, seq: z.int().min(0) };

export const taskCompletedV2Schema = taskCompletedV1Schema.extend({ ...endShape, result: taskResultSchema });

export const taskFailedV2Schema = taskFailedV1Schema.extend({
  ...endShape,
  error: z.string(),
  code: failureCodeSchema,
  result: taskResultSchema.optional(),
});
