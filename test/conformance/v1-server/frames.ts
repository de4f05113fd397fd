import { z } from 'zod';

/**
 * Gateway → server frames of version 1, copied from the contract's tables and strict: until a server has said
 * `protocol: 2` no field beyond them may come, but in `register`. Imports nothing of the product.
 */
const capabilities = z.strictObject({
  name: z.string().min(1),
  agents: z.array(z.string()),
  maxConcurrent: z.int().min(1),
  cwd: z.string().min(1),
  labels: z.record(z.string(), z.string()).optional(),
});

const agentEvent = z.strictObject({
  type: z.enum(['log', 'thinking', 'tool_call', 'tool_result', 'file_change', 'message', 'error']),
  content: z.string().optional(),
  data: z.unknown().optional(),
  timestamp: z.number(),
});

const taskResult = z.strictObject({
  success: z.boolean(),
  exitCode: z.int().optional(),
  output: z.string().optional(),
  duration: z.number().optional(),
  filesChanged: z.array(z.string()).optional(),
});

export const upFrame = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('register'), hostId: z.string(), capabilities }),
  z.strictObject({ type: z.literal('heartbeat'), timestamp: z.number() }),
  z.strictObject({ type: z.literal('task:started'), taskId: z.string(), sessionId: z.string() }),
  z.strictObject({ type: z.literal('task:event'), taskId: z.string(), event: agentEvent }),
  z.strictObject({ type: z.literal('task:completed'), taskId: z.string(), result: taskResult }),
  z.strictObject({
    type: z.literal('task:failed'),
    taskId: z.string(),
    error: z.string(),
    details: z.unknown().optional(),
  }),
]);
export type UpFrame = z.infer<typeof upFrame>;
export type UpType = UpFrame['type'];
export type UpOf<T extends UpType> = Extract<UpFrame, { type: T }>;
