/** Pure: no clock, no randomness, no storage, no network. */
import { z } from 'zod';
import { lenient } from './lenient.ts';

/**
 * One line of `claude -p --output-format stream-json --verbose`, as version 2.1 prints it. Only what is used is named; a line
 * that does not fit is shown as it came.
 */
const envelope = {
  session_id: z.string().optional(),
  /** ISO 8601. */
  timestamp: z.string().optional(),
  /** The tool call whose subagent speaks; null for the agent itself. */
  parent_tool_use_id: z.string().nullish(),
};

const text = z.object({ type: z.literal('text'), text: z.string() });
/** Pictures and whatever else may come: known to be there, not shown. */
const other = z.object({ type: z.string() });

const assistantBlock = z.union([
  text,
  z.object({ type: z.literal('thinking'), thinking: z.string() }),
  z.object({ type: z.literal('tool_use'), id: z.string(), name: z.string(), input: z.unknown().optional() }),
  other,
]);
export type AssistantBlock = z.infer<typeof assistantBlock>;

const toolResult = z.object({
  type: z.literal('tool_result'),
  tool_use_id: z.string(),
  content: z.union([z.string(), z.array(z.union([text, other]))]).optional(),
  is_error: z.boolean().nullish(),
});
export type ClaudeToolResult = z.infer<typeof toolResult>;
const userBlock = z.union([toolResult, other]);
export type UserBlock = z.infer<typeof userBlock>;

/** What writing tools say of the file; other tools have results of any form. */
const writtenFile = z.object({
  filePath: z.string(),
  type: z.string().optional(),
  originalFile: z.unknown().optional(),
});

/** Counts of one model over the whole session, its subagents included; `inputTokens` without what a cache had to do with. */
const modelUsage = z.object({
  inputTokens: z.number(),
  outputTokens: z.number(),
  cacheReadInputTokens: z.number().default(0),
  cacheCreationInputTokens: z.number().default(0),
  thinkingTokens: z.number().optional(),
});

/** Of one turn, without its subagents; `input_tokens` without what a cache had to do with. */
const turnUsage = z.object({
  input_tokens: z.number(),
  output_tokens: z.number(),
  cache_read_input_tokens: z.number().default(0),
  cache_creation_input_tokens: z.number().default(0),
});
export type ClaudeTurnUsage = z.infer<typeof turnUsage>;

export const claudeLineSchema = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('system'), ...envelope, subtype: z.string() }),
  z.object({
    type: z.literal('assistant'),
    ...envelope,
    message: z.object({ content: z.array(assistantBlock) }),
  }),
  z.object({
    type: z.literal('user'),
    ...envelope,
    message: z.object({ content: z.union([z.string(), z.array(userBlock)]) }),
    tool_use_result: lenient(writtenFile),
  }),
  z.object({
    type: z.literal('result'),
    ...envelope,
    subtype: z.string(),
    is_error: z.boolean(),
    result: z.string().optional(),
    errors: lenient(z.array(z.string())),
    /** Of the whole session so far, what earlier processes did in it too. */
    total_cost_usd: z.number().optional(),
    usage: lenient(turnUsage),
    modelUsage: lenient(z.record(z.string(), modelUsage)),
    permission_denials: z
      .array(z.object({ tool_name: z.string() }))
      .optional()
      .catch(undefined),
  }),
]);
export type ClaudeLine = z.infer<typeof claudeLineSchema>;
export type ClaudeResult = Extract<ClaudeLine, { type: 'result' }>;
