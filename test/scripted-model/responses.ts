import { z } from 'zod';
import { type Dialect, type Spoken, sse, type Tool, TURN_TOKENS } from './turn.ts';

const itemSchema = z.object({
  type: z.string().default('message'),
  role: z.string().optional(),
  content: z.union([z.string(), z.array(z.object({ type: z.string(), text: z.string().optional() }))]).nullish(),
});
const responsesRequestSchema = z.object({
  model: z.string(),
  input: z.array(itemSchema),
  tools: z.array(z.object({ type: z.string(), name: z.string().optional() })).default([]),
});

/** OpenAI's responses, which Codex speaks. */
export const responsesDialect: Dialect = {
  matches: (url) => url === '/v1/responses',
  read(body) {
    const { model, input, tools } = responsesRequestSchema.parse(body);
    const last = input.findLastIndex(({ role }) => role === 'user');
    const content = input[last]?.content ?? '';
    return {
      model,
      prompt: typeof content === 'string' ? content : content.map(({ text = '' }) => text).join(''),
      toolResults: input.slice(last).filter(({ type }) => type.endsWith('_call_output')).length,
      tools: tools.map(({ type, name }) => name ?? type),
    };
  },
  stream: (turn, { model }, id) => events(turn, model, id),
  failure: (status) => ({ error: { message: `scripted failure ${status}`, type: 'scripted' } }),
};

function events(turn: Spoken, model: string, id: string): string[] {
  const event = (type: string, fields: Record<string, unknown>) => sse({ type, ...fields }, type);
  const { input, cached, output, thought } = TURN_TOKENS;
  const usage = {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cached },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: thought },
    total_tokens: input + output,
  };
  const response = { id: `resp_${id}`, object: 'response', model };
  const items = itemsOf(turn, id).flatMap((item, output_index) => [
    event('response.output_item.added', { output_index, item }),
    event('response.output_item.done', { output_index, item }),
  ]);
  return [
    event('response.created', { response: { ...response, status: 'in_progress' } }),
    ...items,
    event('response.completed', { response: { ...response, status: 'completed', output: [], usage } }),
  ];
}

function itemsOf(turn: Spoken, id: string): Record<string, unknown>[] {
  const items: Record<string, unknown>[] = [];
  if (turn.kind === 'answer' && turn.thought !== undefined) {
    const summary = [{ type: 'summary_text', text: turn.thought }];
    items.push({ type: 'reasoning', id: `rs_${id}`, summary, content: null, encrypted_content: null });
  }
  if (turn.text !== undefined) {
    const content = [{ type: 'output_text', text: turn.text, annotations: [] }];
    items.push({ type: 'message', id: `msg_${id}`, role: 'assistant', status: 'completed', content });
  }
  if (turn.kind === 'tool') items.push({ id: `fc_${id}`, call_id: `call_${id}`, ...callOf(turn.tool) });
  return items;
}

/** Codex's longest: so long it waits for a command before the model hears of it. */
const YIELD_MS = 30_000;

/** As Codex's tools are called; it takes a patch for itself where it stands in a command. */
function callOf(tool: Tool): Record<string, unknown> {
  const cmd = tool.name === 'shell' ? tool.command : `apply_patch <<'END'\n${patchOf(tool)}\nEND`;
  return { type: 'function_call', name: 'exec_command', arguments: JSON.stringify({ cmd, yield_time_ms: YIELD_MS }) };
}

function patchOf({ path, content }: Extract<Tool, { name: 'write' }>): string {
  const lines = content.replace(/\n$/, '').split('\n');
  return ['*** Begin Patch', `*** Add File: ${path}`, ...lines.map((line) => `+${line}`), '*** End Patch'].join('\n');
}
