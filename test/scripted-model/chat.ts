import { z } from 'zod';
import { type Dialect, type Spoken, sse, type Tool, TURN_TOKENS } from './turn.ts';

const partSchema = z.object({ type: z.string(), text: z.string().optional() });
const chatRequestSchema = z.object({
  model: z.string(),
  messages: z.array(
    z.object({ role: z.string(), content: z.union([z.string(), z.array(partSchema), z.null()]).optional() }),
  ),
  tools: z.array(z.object({ function: z.object({ name: z.string() }) })).default([]),
});

/** OpenAI's chat completions, which OpenCode speaks. */
export const chatDialect: Dialect = {
  matches: (url) => url === '/v1/chat/completions',
  read(body) {
    const { model, messages, tools } = chatRequestSchema.parse(body);
    const last = messages.findLastIndex((message) => message.role === 'user');
    const content = messages[last]?.content ?? '';
    return {
      model,
      prompt: typeof content === 'string' ? content : content.map((part) => part.text ?? '').join(''),
      toolResults: messages.slice(last + 1).filter((message) => message.role === 'tool').length,
      tools: tools.map((tool) => tool.function.name),
    };
  },
  stream: (turn, { model }, id) => chunks(turn, model, id),
  failure: (status) => ({ error: { message: `scripted failure ${status}`, type: 'scripted' } }),
};

function chunks(turn: Spoken, model: string, id: string): string[] {
  const chunk = (delta: Record<string, unknown>, finish_reason: string | null = null) =>
    sse({ id, object: 'chat.completion.chunk', created: 0, model, choices: [{ index: 0, delta, finish_reason }] });
  const { input, cached, output, thought } = TURN_TOKENS;
  const usage = {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: { cached_tokens: cached },
    completion_tokens_details: { reasoning_tokens: thought },
  };
  const end = [sse({ id, object: 'chat.completion.chunk', created: 0, model, choices: [], usage }), 'data: [DONE]\n\n'];
  const text = turn.text === undefined ? [] : [chunk({ role: 'assistant', content: turn.text })];
  if (turn.kind === 'answer') {
    const thoughts = turn.thought === undefined ? [] : [chunk({ role: 'assistant', reasoning_content: turn.thought })];
    return [...thoughts, ...text, chunk({}, 'stop'), ...end];
  }
  const call = callOf(turn.tool);
  const toolCall = chunk({ tool_calls: [{ index: 0, id: `call_${id}`, type: 'function', function: call }] });
  return [...text, toolCall, chunk({}, 'tool_calls'), ...end];
}

/** As OpenCode's tools are called. */
function callOf(tool: Tool): { name: string; arguments: string } {
  switch (tool.name) {
    case 'write':
      return { name: 'write', arguments: JSON.stringify({ filePath: tool.path, content: tool.content }) };
    case 'shell':
      return {
        name: 'bash',
        arguments: JSON.stringify({ command: tool.command, description: 'scripted command' }),
      };
  }
}
