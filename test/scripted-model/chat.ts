import { z } from 'zod';

/** What is read of an OpenAI chat completion request. */
const partSchema = z.object({ type: z.string(), text: z.string().optional() });
export const chatRequestSchema = z.object({
  model: z.string(),
  messages: z.array(
    z.object({ role: z.string(), content: z.union([z.string(), z.array(partSchema), z.null()]).optional() }),
  ),
});
export type ChatRequest = z.infer<typeof chatRequestSchema>;

/** Text of the last user message: the prompt of the turn. */
export function promptOf(request: ChatRequest): string {
  const content = request.messages.findLast((message) => message.role === 'user')?.content ?? '';
  return typeof content === 'string' ? content : content.map((part) => part.text ?? '').join('');
}

/** How many tools the agent has run for that prompt. */
export function toolResultsOf(request: ChatRequest): number {
  const prompt = request.messages.findLastIndex((message) => message.role === 'user');
  return request.messages.slice(prompt).filter((message) => message.role === 'tool').length;
}

/** What the model does in one turn. */
export type Turn =
  | { kind: 'answer'; text: string; thought?: string }
  | { kind: 'tool'; name: string; input: Record<string, unknown>; text?: string }
  | { kind: 'fail'; status: number }
  /** Answers never: the connection stays open until the client closes it. */
  | { kind: 'stall' };

/** One turn's events of the stream, ready to be sent. */
export function streamOf(turn: Extract<Turn, { kind: 'answer' | 'tool' }>, model: string, id: string): string[] {
  const chunk = (delta: Record<string, unknown>, finish_reason: string | null = null) =>
    line({ id, object: 'chat.completion.chunk', created: 0, model, choices: [{ index: 0, delta, finish_reason }] });
  const usage = { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 };
  const end = [
    line({ id, object: 'chat.completion.chunk', created: 0, model, choices: [], usage }),
    'data: [DONE]\n\n',
  ];
  const text = turn.text === undefined ? [] : [chunk({ role: 'assistant', content: turn.text })];
  if (turn.kind === 'answer') {
    const thought = turn.thought === undefined ? [] : [chunk({ role: 'assistant', reasoning_content: turn.thought })];
    return [...thought, ...text, chunk({}, 'stop'), ...end];
  }
  const call = { name: turn.name, arguments: JSON.stringify(turn.input) };
  const toolCall = chunk({ tool_calls: [{ index: 0, id: `call_${id}`, type: 'function', function: call }] });
  return [...text, toolCall, chunk({}, 'tool_calls'), ...end];
}

function line(value: unknown): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}
