import { z } from 'zod';

/** The API's answers as a client reads them out of the contract: written apart from the product's own schemas. */

const result = z.strictObject({
  success: z.boolean(),
  exitCode: z.int().optional(),
  output: z.string().optional(),
  duration: z.number().optional(),
  filesChanged: z.array(z.string()).optional(),
  changesFrom: z.enum(['git', 'agent']).optional(),
  diff: z.string().optional(),
  diffTruncated: z.boolean().optional(),
  workspace: z.strictObject({ branch: z.string(), commit: z.string(), base: z.string() }).optional(),
  usage: z
    .strictObject({
      inputTokens: z.int(),
      outputTokens: z.int(),
      cachedInputTokens: z.int().optional(),
      reasoningTokens: z.int().optional(),
      costUsd: z.number().optional(),
    })
    .optional(),
});

const failure = z.strictObject({ code: z.string(), message: z.string(), details: z.unknown().optional() });

export const STATUSES = ['queued', 'assigned', 'running', 'completed', 'failed', 'timeout', 'aborted'] as const;
export const TERMINAL: readonly string[] = ['completed', 'failed', 'timeout', 'aborted'];

export const taskSchema = z.looseObject({
  id: z.string(),
  status: z.enum(STATUSES),
  prompt: z.string(),
  agentType: z.string(),
  cwd: z.string().optional(),
  hostId: z.string().optional(),
  attempt: z.int().min(0),
  createdAt: z.int(),
  startedAt: z.int().optional(),
  finishedAt: z.int().optional(),
  sessionId: z.string().optional(),
  result: result.optional(),
  error: failure.optional(),
  failedAttempts: z.array(z.looseObject({ attempt: z.int() })).optional(),
  waiting: z.strictObject({ reason: z.string(), message: z.string() }).optional(),
  envNames: z.array(z.string()).optional(),
});
export type Task = z.infer<typeof taskSchema>;

export const taskListSchema = z.strictObject({ tasks: z.array(taskSchema), nextCursor: z.string().nullable() });

const event = z.strictObject({
  type: z.enum(['log', 'thinking', 'tool_call', 'tool_result', 'file_change', 'message', 'error']),
  content: z.string().optional(),
  data: z.unknown().optional(),
  timestamp: z.number(),
});

export const entrySchema = z.union([
  z.strictObject({ seq: z.int(), at: z.int(), hostId: z.string().optional(), attempt: z.int(), event }),
  z.looseObject({ seq: z.int(), at: z.int(), attempt: z.int(), status: z.enum(STATUSES) }),
]);
export type Entry = z.infer<typeof entrySchema>;

export const pageSchema = z.strictObject({ events: z.array(entrySchema), nextAfter: z.int(), done: z.boolean() });

export const hostSchema = z.strictObject({
  hostId: z.string(),
  name: z.string(),
  status: z.enum(['online', 'offline', 'busy']),
  capabilities: z.looseObject({
    name: z.string(),
    agents: z.array(z.string()),
    maxConcurrent: z.int().min(1),
    cwd: z.string(),
    labels: z.record(z.string(), z.string()).optional(),
  }),
  activeTasks: z.array(z.string()),
  lastHeartbeat: z.int(),
  connectedAt: z.int(),
});
export type Host = z.infer<typeof hostSchema>;

export const errorSchema = z.strictObject({
  error: z.strictObject({ code: z.string(), message: z.string(), details: z.unknown().optional() }),
});

/** The text that an entry carries, for short expectations: an event's content, or a status in brackets. */
export function entryText(entry: Entry): string {
  return 'status' in entry ? `[${entry.status}]` : String(entry.event.content);
}

/** What a program printed: what the gateway itself has to say comes with data. */
export function said(log: readonly Entry[]): string[] {
  return log.flatMap((entry) =>
    'status' in entry || entry.event.data !== undefined ? [] : [String(entry.event.content)],
  );
}
