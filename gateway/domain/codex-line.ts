/** Pure: no clock, no randomness, no storage, no network. */
import { z } from 'zod';
import { lenient } from './lenient.ts';

/**
 * One line of `codex exec --json`, as version 0.169 prints it. Only what is used is named; a line that does not fit is shown as
 * it came.
 */
const base = { id: z.string() };

/** A step of a turn: it is told when it starts, if it takes time, and when it has ended. */
const item = z.discriminatedUnion('type', [
  z.object({ ...base, type: z.literal('agent_message'), text: z.string() }),
  z.object({ ...base, type: z.literal('reasoning'), text: z.string() }),
  z.object({
    ...base,
    type: z.literal('command_execution'),
    command: z.string(),
    aggregated_output: z.string().default(''),
    exit_code: z.number().nullish(),
    status: z.string(),
  }),
  z.object({
    ...base,
    type: z.literal('file_change'),
    changes: z.array(z.object({ path: z.string(), kind: z.string() })),
    status: z.string(),
  }),
  z.object({
    ...base,
    type: z.literal('mcp_tool_call'),
    server: z.string(),
    tool: z.string(),
    arguments: z.unknown().optional(),
    result: z.unknown().optional(),
    error: z.object({ message: z.string() }).nullish(),
    status: z.string(),
  }),
  z.object({ ...base, type: z.literal('web_search'), query: z.string() }),
  z.object({ ...base, type: z.literal('error'), message: z.string() }),
]);
export type CodexItem = z.infer<typeof item>;

/** OpenAI's counts: cached and reasoning tokens are parts of the other two. */
const usage = z.object({
  input_tokens: z.number(),
  cached_input_tokens: z.number().default(0),
  output_tokens: z.number(),
  reasoning_output_tokens: z.number().optional(),
});

export const codexLineSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('thread.started'), thread_id: z.string() }),
  z.object({ type: z.literal('turn.started') }),
  z.object({ type: z.literal('turn.completed'), usage: lenient(usage) }),
  z.object({ type: z.literal('turn.failed'), error: z.object({ message: z.string() }) }),
  z.object({ type: z.literal('item.started'), item }),
  z.object({ type: z.literal('item.completed'), item }),
  z.object({ type: z.literal('error'), message: z.string() }),
]);
export type CodexLine = z.infer<typeof codexLineSchema>;
