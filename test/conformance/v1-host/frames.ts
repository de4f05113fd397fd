import { z } from 'zod';

/**
 * Server → gateway frames of version 1, copied from the contract's tables and strict: a field that the tables don't
 * name is a violation. Imports nothing of the product.
 */
const taskRequest = z.strictObject({
  taskId: z.string().min(1),
  prompt: z.string(),
  cwd: z.string(),
  agentType: z.string(),
  model: z.string().optional(),
  env: z.record(z.string(), z.string()).optional(),
  timeout: z.number().positive().optional(),
  metadata: z.record(z.string(), z.unknown()).optional(),
});

const gatewayConfig = z.strictObject({
  heartbeatInterval: z.number().optional(),
  taskTimeout: z.number().optional(),
  maxRetries: z.number().optional(),
});

export const downFrame = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('registered'), ok: z.boolean(), error: z.string().optional() }),
  z.strictObject({ type: z.literal('ping') }),
  z.strictObject({ type: z.literal('task:execute'), task: taskRequest }),
  z.strictObject({ type: z.literal('task:abort'), taskId: z.string() }),
  z.strictObject({ type: z.literal('task:input'), taskId: z.string(), content: z.string() }),
  z.strictObject({ type: z.literal('config:update'), config: gatewayConfig }),
]);
export type DownFrame = z.infer<typeof downFrame>;
export type DownType = DownFrame['type'];
export type FrameOf<T extends DownType> = Extract<DownFrame, { type: T }>;
