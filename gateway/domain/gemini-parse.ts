/** Pure: no clock, no randomness, no storage, no network. */
import type { AgentEvent } from '../../shared/event.ts';
import { MAX_OUTPUT_BYTES } from '../../shared/limits.ts';
import { parseLine, timeOf, unknownLine, withFile } from './agent-lines.ts';
import { type GeminiLine, type GeminiResult, geminiLineSchema } from './gemini-line.ts';
import { endMessage, type JoinedText, joinDelta, NOTHING_JOINED } from './joined-text.ts';

export interface GeminiState {
  readonly sessionId: string | null;
  readonly joined: JoinedText;
  /** What was said since the last tool; at least as much of its end as the answer can hold. */
  readonly answer: string;
  /** The tools that are at work, by id. */
  readonly tools: ReadonlyMap<string, OpenTool>;
  readonly files: readonly string[];
  readonly result: GeminiResult | null;
}

interface OpenTool {
  readonly name: string;
  /** The file that it writes; null for other tools. */
  readonly path: string | null;
}

export const GEMINI_START: GeminiState = {
  sessionId: null,
  joined: NOTHING_JOINED,
  answer: '',
  tools: new Map(),
  files: [],
  result: null,
};

export interface GeminiStep {
  state: GeminiState;
  events: AgentEvent[];
}

/** Takes one line of stdout. A line of no known form is a `log` event and changes nothing. */
export function stepGemini(state: GeminiState, text: string, now: number): GeminiStep {
  const line = parseLine(geminiLineSchema, text);
  if (line === null) return { state, events: unknownLine(text, now) };
  if (line.type === 'message') return stepMessage(state, line, now);
  const { joined, events } = endMessage(state.joined);
  const timestamp = timeOf(line.timestamp, now);
  return {
    state: nextState({ ...state, joined }, line),
    events: [...events, ...eventsOf(line, state.tools, timestamp)],
  };
}

type Message = Extract<GeminiLine, { type: 'message' }>;
type OtherLine = Exclude<GeminiLine, Message>;

function stepMessage(state: GeminiState, { role, content, delta }: Message, now: number): GeminiStep {
  // The prompt, said back.
  if (role !== 'assistant') return { state, events: [] };
  const before = delta ? { joined: state.joined, events: [] } : endMessage(state.joined);
  const said = joinDelta(before.joined, content, now);
  const after = delta ? said : endMessage(said.joined);
  return {
    state: { ...state, joined: after.joined, answer: withDelta(state.answer, content) },
    events: [...before.events, ...said.events, ...(delta ? [] : after.events)],
  };
}

/** Cut only now and then: deltas are many and small. */
function withDelta(answer: string, delta: string): string {
  const all = answer + delta;
  return all.length > 2 * MAX_OUTPUT_BYTES ? all.slice(-MAX_OUTPUT_BYTES) : all;
}

function nextState(state: GeminiState, line: OtherLine): GeminiState {
  switch (line.type) {
    case 'init':
      return { ...state, sessionId: line.session_id };
    case 'tool_use': {
      const tool = { name: line.tool_name, path: pathOf(line.tool_name, line.parameters) };
      return { ...state, answer: '', tools: new Map(state.tools).set(line.tool_id, tool) };
    }
    case 'tool_result': {
      const tools = new Map(state.tools);
      tools.delete(line.tool_id);
      return { ...state, tools, files: withFile(state.files, writtenPath(line, state.tools)) };
    }
    case 'result':
      return { ...state, result: line };
    case 'error':
      return state;
  }
}

function eventsOf(line: OtherLine, tools: GeminiState['tools'], timestamp: number): AgentEvent[] {
  switch (line.type) {
    case 'init':
      return [{ type: 'log', content: 'session started', data: { model: line.model }, timestamp }];
    case 'tool_use': {
      const { tool_id: id, tool_name: tool, parameters: input } = line;
      return [{ type: 'tool_call', content: tool, data: { id, tool, input }, timestamp }];
    }
    case 'tool_result': {
      const { tool_id: id, output, error } = line;
      const tool = tools.get(id)?.name;
      const status = line.status === 'success' ? 'completed' : line.status;
      const content = output ?? error?.message ?? '';
      const path = writtenPath(line, tools);
      // Whether there was a file before, it does not say.
      const change = tool === 'replace' ? 'modified' : 'written';
      return [
        { type: 'tool_result', content, data: { id, tool, status }, timestamp },
        ...(path === null
          ? []
          : [{ type: 'file_change' as const, content: path, data: { id, tool, path, change }, timestamp }]),
      ];
    }
    case 'error': {
      const type = line.severity === 'error' ? 'error' : 'log';
      return [{ type, content: line.message, data: { severity: line.severity }, timestamp }];
    }
    case 'result': {
      if (line.status === 'success')
        return [{ type: 'log', content: 'turn ended', data: { stats: line.stats }, timestamp }];
      return [{ type: 'error', content: resultError(line), data: { name: line.error?.type }, timestamp }];
    }
  }
}

function pathOf(tool: string, parameters: unknown): string | null {
  if (tool !== 'write_file' && tool !== 'replace') return null;
  const named = typeof parameters === 'object' && parameters !== null && 'file_path' in parameters;
  return named && typeof parameters.file_path === 'string' ? parameters.file_path : null;
}

function writtenPath(line: Extract<GeminiLine, { type: 'tool_result' }>, tools: GeminiState['tools']): string | null {
  return line.status === 'success' ? (tools.get(line.tool_id)?.path ?? null) : null;
}

/** One line on why the turn failed. */
export function resultError({ error, status }: GeminiResult): string {
  return error?.message ?? `the agent ended its turn with ${status}`;
}
