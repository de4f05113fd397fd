/** Pure: no clock, no randomness, no storage, no network. */
import { z } from 'zod';

/**
 * One line of `opencode run --format json`, as version 1.18 prints it. Only what is used is named; a line that does not fit
 * is shown as it came.
 */
const envelope = { timestamp: z.number().optional(), sessionID: z.string().optional() };

const toolState = z.object({
  status: z.string(),
  input: z.unknown().optional(),
  output: z.string().optional(),
  error: z.string().optional(),
  title: z.string().optional(),
  metadata: z.record(z.string(), z.unknown()).optional(),
  time: z.object({ start: z.number(), end: z.number() }).partial().optional(),
});

const openCodeLineSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('step_start'), ...envelope }),
  z.object({ type: z.literal('text'), ...envelope, part: z.object({ text: z.string() }) }),
  z.object({ type: z.literal('reasoning'), ...envelope, part: z.object({ text: z.string() }) }),
  z.object({
    type: z.literal('tool_use'),
    ...envelope,
    part: z.object({ tool: z.string(), callID: z.string(), state: toolState }),
  }),
  z.object({
    type: z.literal('step_finish'),
    ...envelope,
    part: z.object({ reason: z.string(), tokens: z.unknown().optional(), cost: z.number().optional() }),
  }),
  z.object({
    type: z.literal('error'),
    ...envelope,
    error: z.object({
      name: z.string().optional(),
      data: z.object({ message: z.string().optional(), statusCode: z.number().optional() }).optional(),
    }),
  }),
]);
export type OpenCodeLine = z.infer<typeof openCodeLineSchema>;
export type ToolUse = Extract<OpenCodeLine, { type: 'tool_use' }>;

/** The line's meaning; null when it is no JSON, or not one that is known. */
export function parseOpenCodeLine(text: string): OpenCodeLine | null {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return null;
  }
  const line = openCodeLineSchema.safeParse(json);
  return line.success ? line.data : null;
}
