/** Pure: no clock, no randomness, no storage, no network. */
import type { AgentEvent } from '../../shared/event.ts';
import type { TaskUsage } from '../../shared/task.ts';
import { parseLine, unknownLine, withFile, withText } from './agent-lines.ts';
import { itemEnded, itemStarted } from './codex-events.ts';
import { type CodexItem, type CodexLine, codexLineSchema } from './codex-line.ts';
import { addUsage } from './usage.ts';

export interface CodexState {
  readonly sessionId: string | null;
  /** What was said since the last tool. */
  readonly texts: readonly string[];
  /** Ids of the tools that are at work. */
  readonly open: ReadonlySet<string>;
  readonly files: readonly string[];
  /** Whether the turn was completed and none has begun since. */
  readonly completed: boolean;
  /** Message of the last error; one that is followed by a completed turn was overcome. */
  readonly error: string | null;
  readonly usage: TaskUsage | null;
}

export const CODEX_START: CodexState = {
  sessionId: null,
  texts: [],
  open: new Set(),
  files: [],
  completed: false,
  error: null,
  usage: null,
};

export interface CodexStep {
  state: CodexState;
  events: AgentEvent[];
}

/** Takes one line of stdout. A line of no known form is a `log` event and changes nothing. */
export function stepCodex(state: CodexState, text: string, now: number): CodexStep {
  const line = parseLine(codexLineSchema, text);
  if (line === null) return { state, events: unknownLine(text, now) };
  return { state: nextState(state, line), events: eventsOf(line, state.open, now) };
}

function nextState(state: CodexState, line: CodexLine): CodexState {
  switch (line.type) {
    case 'thread.started':
      return { ...state, sessionId: line.thread_id };
    case 'turn.started':
      return { ...state, completed: false };
    case 'turn.completed': {
      const usage = line.usage === undefined ? state.usage : usageOf(line.usage);
      return { ...state, completed: true, error: null, usage };
    }
    case 'turn.failed':
      return { ...state, error: line.error.message };
    case 'error':
      return { ...state, error: line.message };
    case 'item.started':
      return { ...state, open: new Set(state.open).add(line.item.id), texts: textsAfter(state.texts, line.item) };
    case 'item.completed': {
      const open = new Set(state.open);
      open.delete(line.item.id);
      const files = changesOf(line.item).reduce(withFile, state.files);
      return { ...state, open, files, texts: textsAfter(state.texts, line.item) };
    }
  }
}

function textsAfter(texts: readonly string[], item: CodexItem): readonly string[] {
  switch (item.type) {
    case 'agent_message':
      return withText(texts, item.text);
    case 'reasoning':
    case 'error':
      return texts;
    default:
      return [];
  }
}

function changesOf(item: CodexItem): string[] {
  return item.type === 'file_change' && item.status === 'completed' ? item.changes.map(({ path }) => path) : [];
}

function usageOf(usage: NonNullable<Extract<CodexLine, { type: 'turn.completed' }>['usage']>): TaskUsage {
  return addUsage(null, {
    inputTokens: usage.input_tokens,
    outputTokens: usage.output_tokens,
    cachedInputTokens: usage.cached_input_tokens,
    ...(usage.reasoning_output_tokens === undefined ? {} : { reasoningTokens: usage.reasoning_output_tokens }),
  });
}

function eventsOf(line: CodexLine, open: ReadonlySet<string>, timestamp: number): AgentEvent[] {
  switch (line.type) {
    case 'thread.started':
      return [{ type: 'log', content: 'session started', timestamp }];
    case 'turn.started':
      return [];
    case 'turn.completed':
      return [{ type: 'log', content: 'turn ended', data: { usage: line.usage }, timestamp }];
    case 'turn.failed':
      return [{ type: 'error', content: line.error.message, timestamp }];
    case 'error':
      // Codex tries again by itself; that it gave up is said by `turn.failed`.
      return [{ type: 'log', content: line.message, data: { level: 'error' }, timestamp }];
    case 'item.started':
      return itemStarted(line.item, timestamp);
    case 'item.completed':
      return itemEnded(line.item, open.has(line.item.id), timestamp);
  }
}
