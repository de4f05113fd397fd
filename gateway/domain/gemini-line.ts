/** Pure: no clock, no randomness, no storage, no network. */
import { z } from 'zod';
import { lenient } from './lenient.ts';

/**
 * One line of `gemini --output-format stream-json`, as version 0.61 prints it. Only what is used is named; a line that does not
 * fit is shown as it came.
 */
const envelope = {
  /** ISO 8601. */
  timestamp: z.string().optional(),
};

const stats = z.object({
  /** `input_tokens` and all that the models wrote, their thoughts too. */
  total_tokens: z.number(),
  input_tokens: z.number(),
  /** Part of `input_tokens`. */
  cached: z.number().default(0),
});

export const geminiLineSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('init'), ...envelope, session_id: z.string(), model: z.string().optional() }),
  z.object({
    type: z.literal('message'),
    ...envelope,
    role: z.string(),
    content: z.string(),
    delta: z.boolean().default(false),
  }),
  z.object({
    type: z.literal('tool_use'),
    ...envelope,
    tool_name: z.string(),
    tool_id: z.string(),
    parameters: z.unknown().optional(),
  }),
  z.object({
    type: z.literal('tool_result'),
    ...envelope,
    tool_id: z.string(),
    status: z.string(),
    output: z.string().optional(),
    error: z.object({ type: z.string().optional(), message: z.string() }).optional(),
  }),
  z.object({ type: z.literal('error'), ...envelope, severity: z.string(), message: z.string() }),
  z.object({
    type: z.literal('result'),
    ...envelope,
    status: z.string(),
    error: z.object({ type: z.string().optional(), message: z.string() }).optional(),
    stats: lenient(stats),
  }),
]);
export type GeminiLine = z.infer<typeof geminiLineSchema>;
export type GeminiResult = Extract<GeminiLine, { type: 'result' }>;
