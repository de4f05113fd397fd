import { z } from 'zod';
import { approvalTimeoutSchema, permissionsSchema } from '../approval.ts';
import { hostIdSchema, taskIdSchema } from '../ids.ts';
import {
  DEFAULT_TASK_PAGE,
  EXECUTE_ENVELOPE_BYTES,
  MAX_FRAME_BYTES,
  MAX_INPUT_BYTES,
  MAX_TASK_PAGE,
} from '../limits.ts';
import {
  envSchema,
  hostLostPolicySchema,
  idleTimeoutSchema,
  labelsSchema,
  metadataSchema,
  nameSchema,
  pathSchema,
  promptSchema,
  retrySchema,
  sessionIdSchema,
  taskSchema,
  taskStatusSchema,
  timeoutSchema,
} from '../task.ts';
import { utf8Length } from '../utf8.ts';
import { boundedString, limited } from '../utf8-schema.ts';
import { workspaceSchema } from '../workspace.ts';
import { pageSize } from './query.ts';

/** Within every single limit, the sum may still not fit into the frame that hands the task to a host. */
const MAX_TASK_BYTES = MAX_FRAME_BYTES - EXECUTE_ENVELOPE_BYTES;

const DEFAULT_AGENT_TYPE = 'opencode';

const createTaskShape = z.strictObject({
  prompt: promptSchema,
  /** Filled in unless the task continues another. */
  agentType: nameSchema.optional(),
  continueTask: taskIdSchema.optional(),
  sessionId: sessionIdSchema.optional(),
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
  permissions: permissionsSchema.optional(),
  approvalTimeout: approvalTimeoutSchema.optional(),
  interactive: z.boolean('must be true or false').optional(),
  workspace: workspaceSchema.optional(),
});

/** What a task that continues another has from that one. */
const CONTINUED_FIELDS = ['agentType', 'sessionId', 'hostId', 'cwd', 'labels', 'workspace'] as const;

/** `POST /api/tasks`. Unknown fields are refused by name: a misspelt option must not be ignored. */
export const createTaskSchema = createTaskShape
  .superRefine((task, context) => {
    if (task.continueTask === undefined) return;
    for (const name of CONTINUED_FIELDS.filter((field) => task[field] !== undefined))
      context.addIssue({ code: 'custom', path: [name], message: 'comes from the continued task: leave it out' });
  })
  .refine(({ sessionId, hostId }) => sessionId === undefined || hostId !== undefined, {
    path: ['hostId'],
    message: 'is required with "sessionId": a session lives on one host',
  })
  .overwrite((task) => (task.continueTask === undefined ? { agentType: DEFAULT_AGENT_TYPE, ...task } : task))
  .refine((task) => utf8Length(JSON.stringify(task)) <= MAX_TASK_BYTES, {
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
