/**
 * Pure: no clock, no randomness, no storage, no network. What is read of the Agent Client Protocol, version 1, as agents really
 * speak it: fields beyond the stable schema (usage, models) too. Everything that is not needed to go on is optional.
 */
import { z } from 'zod';
import { lenient } from './lenient.ts';

export const initializeResultSchema = z.object({
  protocolVersion: z.number(),
  agentInfo: lenient(z.object({ name: z.string(), version: lenient(z.string()) })),
  agentCapabilities: lenient(
    z.object({
      loadSession: lenient(z.boolean()),
      sessionCapabilities: lenient(z.object({ resume: z.unknown().optional() })),
    }),
  ),
});
export type InitializeResult = z.infer<typeof initializeResultSchema>;

/** Of `session/new`, `session/load` and `session/resume`; the latter two name no session. */
export const sessionResultSchema = z.object({
  sessionId: lenient(z.string().min(1)),
  /** OpenCode's way to choose a model … */
  configOptions: lenient(z.array(z.object({ id: z.string(), category: lenient(z.string()) }))),
  /** … and Gemini CLI's. */
  models: lenient(z.object({ currentModelId: lenient(z.string()) })),
});
export type SessionResult = z.infer<typeof sessionResultSchema>;

const tokens = lenient(z.number());

export const promptResultSchema = z.object({
  stopReason: z.string(),
  /** OpenCode's count of the turn: `inputTokens` without what came from the cache, `outputTokens` without the thoughts. */
  usage: lenient(
    z.object({
      inputTokens: z.number(),
      outputTokens: z.number(),
      cachedReadTokens: tokens,
      cachedWriteTokens: tokens,
      thoughtTokens: tokens,
    }),
  ),
  /** Gemini CLI's count of the turn. */
  _meta: lenient(
    z.object({
      quota: lenient(z.object({ token_count: z.object({ input_tokens: z.number(), output_tokens: z.number() }) })),
    }),
  ),
});
export type PromptResult = z.infer<typeof promptResultSchema>;

const contentBlock = z.object({ type: z.string(), text: lenient(z.string()) });

const toolContent = z.object({
  type: z.string(),
  content: lenient(contentBlock),
  path: lenient(z.string()),
  oldText: z.string().nullish().catch(undefined),
  _meta: lenient(z.object({ kind: lenient(z.string()) })),
});

/** What changes of a tool call; a field that is absent stays as it was. */
export const toolChangeSchema = z.object({
  toolCallId: z.string(),
  title: lenient(z.string()),
  kind: lenient(z.string()),
  status: lenient(z.string()),
  locations: lenient(z.array(z.object({ path: z.string() }))),
  content: lenient(z.array(toolContent)),
  rawInput: z.unknown().optional(),
  rawOutput: z.unknown().optional(),
});
export type ToolChange = z.infer<typeof toolChangeSchema>;

const chunk = { messageId: lenient(z.string()), content: contentBlock };

const updateSchema = z.discriminatedUnion('sessionUpdate', [
  z.object({ sessionUpdate: z.literal('agent_message_chunk'), ...chunk }),
  z.object({ sessionUpdate: z.literal('agent_thought_chunk'), ...chunk }),
  z.object({ sessionUpdate: z.literal('tool_call'), ...toolChangeSchema.shape }),
  z.object({ sessionUpdate: z.literal('tool_call_update'), ...toolChangeSchema.shape }),
  z.object({ sessionUpdate: z.literal('plan'), entries: z.array(z.unknown()) }),
  z.object({
    sessionUpdate: z.literal('usage_update'),
    /** Of the whole session. */
    cost: lenient(z.object({ amount: z.number(), currency: z.string() })),
  }),
]);
export type Update = z.infer<typeof updateSchema>;

export const updateParamsSchema = z.object({ sessionId: z.string(), update: updateSchema });

/** Of one that has no known form. */
export const updateNameSchema = z.object({ update: z.object({ sessionUpdate: z.string() }) });

export const permissionParamsSchema = z.object({
  sessionId: z.string(),
  toolCall: toolChangeSchema,
  options: z.array(z.object({ optionId: z.string(), kind: z.string(), name: lenient(z.string()) })),
});
export type PermissionRequest = z.infer<typeof permissionParamsSchema>;
