/** Pure: no clock, no randomness, no storage, no network. */
import type { AgentEvent } from '../../shared/event.ts';
import type { TaskUsage } from '../../shared/task.ts';
import { parseLine, unknownLine, withFile, withText } from './agent-lines.ts';
import { type OpenCodeLine, openCodeLineSchema, type StepFinish, type ToolUse } from './opencode-line.ts';
import { addUsage } from './usage.ts';

export interface OpenCodeState {
  readonly sessionId: string | null;
  /** Texts of the step under way or last finished. */
  readonly texts: readonly string[];
  /** `reason` of the last `step_finish`; null before the first and within a step. */
  readonly finishReason: string | null;
  /** Message of the last `error` line. */
  readonly error: string | null;
  /** Why the last tool that failed did so. */
  readonly toolError: string | null;
  readonly files: readonly string[];
  /** Of all steps so far; null before the first that says. */
  readonly usage: TaskUsage | null;
}

export const OPENCODE_START: OpenCodeState = {
  sessionId: null,
  texts: [],
  finishReason: null,
  error: null,
  toolError: null,
  files: [],
  usage: null,
};

export interface OpenCodeStep {
  state: OpenCodeState;
  events: AgentEvent[];
}

/** Takes one line of stdout. A line of no known form is a `log` event and changes nothing. */
export function stepOpenCode(state: OpenCodeState, text: string, now: number): OpenCodeStep {
  const line = parseLine(openCodeLineSchema, text);
  if (line === null) return { state, events: unknownLine(text, now) };
  const named = { ...state, sessionId: line.sessionID ?? state.sessionId };
  return { state: nextState(named, line), events: eventsOf(line, line.timestamp ?? now) };
}

function nextState(state: OpenCodeState, line: OpenCodeLine): OpenCodeState {
  switch (line.type) {
    case 'step_start':
      return { ...state, texts: [], finishReason: null };
    case 'text':
      return { ...state, texts: withText(state.texts, line.part.text) };
    case 'tool_use': {
      const toolError = line.part.state.status === 'error' ? (line.part.state.error ?? null) : state.toolError;
      return { ...state, toolError, files: withFile(state.files, changedFile(line)) };
    }
    case 'step_finish':
      return { ...state, finishReason: line.part.reason, usage: usageAfter(state.usage, line.part) };
    case 'error':
      return { ...state, error: errorMessage(line) };
    case 'reasoning':
      return state;
  }
}

function usageAfter(before: TaskUsage | null, { tokens, cost }: StepFinish['part']): TaskUsage | null {
  if (tokens === undefined) return before;
  return addUsage(before, {
    inputTokens: tokens.input + tokens.cache.read + tokens.cache.write,
    outputTokens: tokens.output + tokens.reasoning,
    cachedInputTokens: tokens.cache.read,
    reasoningTokens: tokens.reasoning,
    ...(cost === undefined ? {} : { costUsd: cost }),
  });
}

function eventsOf(line: OpenCodeLine, timestamp: number): AgentEvent[] {
  switch (line.type) {
    case 'step_start':
      return [{ type: 'log', content: 'step started', data: { step: 'start' }, timestamp }];
    case 'text':
      return [{ type: 'message', content: line.part.text, timestamp }];
    case 'reasoning':
      return [{ type: 'thinking', content: line.part.text, timestamp }];
    case 'tool_use':
      return toolEvents(line, timestamp);
    case 'step_finish': {
      const { reason, tokens, cost } = line.part;
      return [
        { type: 'log', content: `step ended: ${reason}`, data: { step: 'finish', reason, tokens, cost }, timestamp },
      ];
    }
    case 'error': {
      const { name, data } = line.error;
      return [{ type: 'error', content: errorMessage(line), data: { name, statusCode: data?.statusCode }, timestamp }];
    }
  }
}

/** OpenCode tells of a tool once, when it has ended: call and result are made of that one line, with the same `data.id`. */
function toolEvents(line: ToolUse, timestamp: number): AgentEvent[] {
  const { tool, callID: id, state } = line.part;
  const exitCode = typeof state.metadata?.exit === 'number' ? state.metadata.exit : undefined;
  const events: AgentEvent[] = [
    {
      type: 'tool_call',
      content: tool,
      data: { id, tool, input: state.input },
      timestamp: state.time?.start ?? timestamp,
    },
    {
      type: 'tool_result',
      content: state.output ?? state.error ?? '',
      data: { id, tool, status: state.status, title: state.title, exitCode },
      timestamp: state.time?.end ?? timestamp,
    },
  ];
  const path = changedFile(line);
  if (path !== null) {
    const change = state.metadata?.exists === false ? 'created' : 'modified';
    const data = { id, tool, path, change, diff: state.metadata?.diff };
    events.push({ type: 'file_change', content: path, data, timestamp: state.time?.end ?? timestamp });
  }
  return events;
}

/** The file that a tool wrote; null for other tools and for those that failed. */
function changedFile(line: ToolUse): string | null {
  const { tool, state } = line.part;
  if ((tool !== 'write' && tool !== 'edit') || state.status !== 'completed') return null;
  const reported = state.metadata?.filepath ?? inputPath(state.input);
  return typeof reported === 'string' ? reported : null;
}

function inputPath(input: unknown): unknown {
  return typeof input === 'object' && input !== null && 'filePath' in input ? input.filePath : null;
}

function errorMessage(line: Extract<OpenCodeLine, { type: 'error' }>): string {
  return line.error.data?.message ?? line.error.name ?? 'the agent reported an error';
}
