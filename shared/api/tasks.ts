import { z } from 'zod';
import { hostIdSchema } from '../ids.ts';
import {
  DEFAULT_TASK_PAGE,
  EXECUTE_ENVELOPE_BYTES,
  MAX_FRAME_BYTES,
  MAX_INPUT_BYTES,
  MAX_TASK_PAGE,
} from '../limits.ts';
import {
  boundedString,
  envSchema,
  hostLostPolicySchema,
  idleTimeoutSchema,
  labelsSchema,
  limited,
  metadataSchema,
  nameSchema,
  pathSchema,
  promptSchema,
  retrySchema,
  taskSchema,
  taskStatusSchema,
  timeoutSchema,
} from '../task.ts';
import { utf8Length } from '../utf8.ts';
import { pageSize } from './query.ts';

/** Within every single limit, the sum may still not fit into the frame that hands the task to a host. */
const MAX_TASK_BYTES = MAX_FRAME_BYTES - EXECUTE_ENVELOPE_BYTES;

const createTaskShape = z.strictObject({
  prompt: promptSchema,
  agentType: nameSchema.default('opencode'),
  cwd: pathSchema.optional(),
  model: nameSchema.optional(),
  env: envSchema.optional(),
  timeout: timeoutSchema.optional(),
  idleTimeout: idleTimeoutSchema.optional(),
  metadata: metadataSchema.optional(),
  labels: labelsSchema.optional(),
  hostId: hostIdSchema.optional(),
  onHostLost: hostLostPolicySchema.optional(),
  retry: retrySchema.optional(),
});

/** `POST /api/tasks`. Unknown fields are refused by name: a misspelt option must not be ignored. */
export const createTaskSchema = createTaskShape.refine((task) => utf8Length(JSON.stringify(task)) <= MAX_TASK_BYTES, {
  ...limited('MAX_FRAME_BYTES', MAX_TASK_BYTES),
  when: ({ issues }) => issues.length === 0,
});
export type CreateTask = z.infer<typeof createTaskSchema>;

/** Printable ASCII, as HTTP headers carry it. */
export const idempotencyKeySchema = nameSchema.regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without spaces');

/** `GET /api/tasks`. */
export const listTasksSchema = z.strictObject({
  status: taskStatusSchema.optional(),
  hostId: hostIdSchema.optional(),
  limit: pageSize(DEFAULT_TASK_PAGE, MAX_TASK_PAGE),
  /** Opaque; from `nextCursor`. */
  cursor: z
    .string()
    .regex(/^[0-9]{1,15}$/, 'is not a cursor of this list')
    .optional(),
});
export type ListTasks = z.infer<typeof listTasksSchema>;

export const taskListSchema = z.object({ tasks: z.array(taskSchema), nextCursor: z.string().nullable() });
export type TaskList = z.infer<typeof taskListSchema>;

/** `POST /api/tasks/:id/input`. */
export const taskInputBodySchema = z.strictObject({
  content: boundedString('MAX_INPUT_BYTES', MAX_INPUT_BYTES).min(1, 'must not be empty'),
});
