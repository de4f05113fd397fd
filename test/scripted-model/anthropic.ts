import { z } from 'zod';
import { type Dialect, type Spoken, sse, type Tool, TURN_TOKENS } from './turn.ts';

const blockSchema = z.object({ type: z.string(), text: z.string().optional() });
const messagesRequestSchema = z.object({
  model: z.string(),
  messages: z.array(z.object({ role: z.string(), content: z.union([z.string(), z.array(blockSchema)]) })),
  tools: z.array(z.object({ name: z.string() })).default([]),
});
type Block = z.infer<typeof blockSchema>;

/** What Claude Code adds to a user's message stands in blocks of their own. */
const ADDED = /^\s*<system-reminder>/;

/** Anthropic's messages, which Claude Code speaks. */
export const anthropicDialect: Dialect = {
  matches: (url) => url.split('?')[0] === '/v1/messages',
  read(body) {
    const { model, messages, tools } = messagesRequestSchema.parse(body);
    const users = messages.map(({ role, content }) => ({ role, blocks: blocksOf(content) }));
    const last = users.findLastIndex(({ role, blocks }) => role === 'user' && promptOf(blocks) !== '');
    const results = users.slice(last).flatMap(({ blocks }) => blocks.filter(({ type }) => type === 'tool_result'));
    return {
      model,
      prompt: promptOf(users[last]?.blocks ?? []),
      toolResults: results.length,
      tools: tools.map(({ name }) => name),
    };
  },
  stream: (turn, { model }, id) => events(turn, model, id),
  failure: (status) => ({ type: 'error', error: { type: 'scripted', message: `scripted failure ${status}` } }),
};

function blocksOf(content: string | Block[]): Block[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content;
}

function promptOf(blocks: Block[]): string {
  return blocks.flatMap(({ type, text = '' }) => (type === 'text' && !ADDED.test(text) ? [text] : [])).join('');
}

function events(turn: Spoken, model: string, id: string): string[] {
  const event = (type: string, fields: Record<string, unknown>) => sse({ type, ...fields }, type);
  const { input, cached, output } = TURN_TOKENS;
  const message = {
    id: `msg_${id}`,
    type: 'message',
    role: 'assistant',
    model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: {
      input_tokens: input - cached,
      cache_read_input_tokens: cached,
      cache_creation_input_tokens: 0,
      output_tokens: 1,
    },
  };
  const blocks = blocksOfTurn(turn, id).flatMap(({ start, deltas }, index) => [
    event('content_block_start', { index, content_block: start }),
    ...deltas.map((delta) => event('content_block_delta', { index, delta })),
    event('content_block_stop', { index }),
  ]);
  const stop_reason = turn.kind === 'tool' ? 'tool_use' : 'end_turn';
  return [
    event('message_start', { message }),
    ...blocks,
    event('message_delta', { delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: output } }),
    event('message_stop', {}),
  ];
}

function blocksOfTurn(turn: Spoken, id: string): { start: unknown; deltas: unknown[] }[] {
  const text = {
    start: { type: 'text', text: '' },
    deltas: [{ type: 'text_delta', text: turn.text }],
  };
  const texts = turn.text === undefined ? [] : [text];
  if (turn.kind === 'tool') {
    const { name, input } = callOf(turn.tool);
    const start = { type: 'tool_use', id: `toolu_${id}`, name, input: {} };
    return [...texts, { start, deltas: [{ type: 'input_json_delta', partial_json: JSON.stringify(input) }] }];
  }
  if (turn.thought === undefined) return texts;
  const start = { type: 'thinking', thinking: '', signature: '' };
  const deltas = [
    { type: 'thinking_delta', thinking: turn.thought },
    { type: 'signature_delta', signature: 'c2NyaXB0ZWQ=' },
  ];
  return [{ start, deltas }, ...texts];
}

/** As Claude Code's tools are called. */
function callOf(tool: Tool): { name: string; input: Record<string, unknown> } {
  switch (tool.name) {
    case 'write':
      return { name: 'Write', input: { file_path: tool.path, content: tool.content } };
    case 'shell':
      return { name: 'Bash', input: { command: tool.command, description: 'scripted command' } };
  }
}
