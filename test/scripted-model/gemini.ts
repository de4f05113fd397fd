import { z } from 'zod';
import { type Dialect, type Spoken, sse, type Tool, TURN_TOKENS } from './turn.ts';

const partSchema = z.object({ text: z.string().optional(), functionResponse: z.unknown().optional() });
const contentSchema = z.object({ role: z.string().optional(), parts: z.array(partSchema).default([]) });
const generateRequestSchema = z.object({
  contents: z.array(contentSchema),
  tools: z.array(z.object({ functionDeclarations: z.array(z.object({ name: z.string() })).default([]) })).default([]),
});
type Content = z.infer<typeof contentSchema>;

const STREAM = /^\/v1beta\/models\/([^:]+):streamGenerateContent/;
/** What Gemini CLI says of its surroundings, as a message of the user's. */
const ADDED = /^\s*(<session_context>|This is the Gemini CLI)/;

/** Gemini's streaming API, which Gemini CLI speaks. */
export const geminiDialect: Dialect = {
  matches: (url) => STREAM.test(url),
  read(body, url) {
    const { contents, tools } = generateRequestSchema.parse(body);
    const last = contents.findLastIndex((content) => content.role === 'user' && promptOf(content) !== '');
    const results = contents
      .slice(last)
      .flatMap(({ parts }) => parts.filter(({ functionResponse }) => functionResponse !== undefined));
    const prompt = contents[last];
    return {
      model: STREAM.exec(url)?.[1] ?? '',
      prompt: prompt === undefined ? '' : promptOf(prompt),
      toolResults: results.length,
      tools: tools.flatMap(({ functionDeclarations }) => functionDeclarations.map(({ name }) => name)),
    };
  },
  stream: (turn) => chunks(turn),
  failure: (status) => ({ error: { code: status, message: `scripted failure ${status}`, status: 'SCRIPTED' } }),
};

function promptOf({ parts }: Content): string {
  return parts.flatMap(({ text = '' }) => (ADDED.test(text) ? [] : [text])).join('');
}

function chunks(turn: Spoken): string[] {
  const { input, cached, output, thought } = TURN_TOKENS;
  const usageMetadata = {
    promptTokenCount: input,
    cachedContentTokenCount: cached,
    candidatesTokenCount: output - thought,
    thoughtsTokenCount: thought,
    totalTokenCount: input + output,
  };
  const parts: unknown[] = [];
  if (turn.kind === 'answer' && turn.thought !== undefined) parts.push({ text: turn.thought, thought: true });
  if (turn.text !== undefined) parts.push(...halves(turn.text).map((text) => ({ text })));
  if (turn.kind === 'tool') parts.push({ functionCall: callOf(turn.tool) });
  const chunk = (part: unknown) => ({ candidates: [{ index: 0, content: { role: 'model', parts: [part] } }] });
  const end = {
    candidates: [{ index: 0, content: { role: 'model', parts: [] }, finishReason: 'STOP' }],
    usageMetadata,
  };
  return [...parts.map(chunk), end].map((value) => sse(value));
}

/** Two deltas, so that what joins them has something to do. */
function halves(text: string): string[] {
  const middle = Math.ceil(text.length / 2);
  return [text.slice(0, middle), text.slice(middle)].filter((half) => half !== '');
}

/** As Gemini CLI's tools are called. */
function callOf(tool: Tool): { name: string; args: Record<string, unknown> } {
  switch (tool.name) {
    case 'write':
      return { name: 'write_file', args: { file_path: tool.path, content: tool.content } };
    case 'shell':
      return { name: 'run_shell_command', args: { command: tool.command, description: 'scripted command' } };
  }
}
