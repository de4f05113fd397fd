/** Pure: no clock, no randomness, no storage, no network. */
import { z } from 'zod';
import { lenient } from './lenient.ts';

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

/** `input` without what came from the cache, `output` without the reasoning. */
const tokens = z.object({
  input: z.number(),
  output: z.number(),
  reasoning: z.number().default(0),
  cache: z.object({ read: z.number().default(0), write: z.number().default(0) }).default({ read: 0, write: 0 }),
});

export const openCodeLineSchema = z.discriminatedUnion('type', [
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
    part: z.object({ reason: z.string(), tokens: lenient(tokens), cost: z.number().optional() }),
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
export type StepFinish = Extract<OpenCodeLine, { type: 'step_finish' }>;
export type ToolUse = Extract<OpenCodeLine, { type: 'tool_use' }>;
