import { z } from 'zod';

/** The contract's table of what a server sends to a version-1 gateway, and not a field more. */
export const v1DownSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('registered'), ok: z.literal(true) }),
  z.strictObject({ type: z.literal('ping') }),
  z.strictObject({
    type: z.literal('task:execute'),
    task: z.strictObject({
      taskId: z.string(),
      prompt: z.string(),
      cwd: z.string(),
      agentType: z.string(),
      model: z.string().optional(),
      env: z.record(z.string(), z.string()).optional(),
      timeout: z.number().optional(),
      metadata: z.record(z.string(), z.unknown()).optional(),
    }),
  }),
  z.strictObject({ type: z.literal('task:abort'), taskId: z.string() }),
  z.strictObject({ type: z.literal('task:input'), taskId: z.string(), content: z.string() }),
  z.strictObject({
    type: z.literal('config:update'),
    config: z.strictObject({
      heartbeatInterval: z.number().optional(),
      taskTimeout: z.number().optional(),
      maxRetries: z.number().optional(),
    }),
  }),
]);
