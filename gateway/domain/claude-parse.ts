/** Pure: no clock, no randomness, no storage, no network. */
import type { AgentEvent } from '../../shared/event.ts';
import type { TaskUsage } from '../../shared/task.ts';
import { parseLine, timeOf, unknownLine, withFile, withText } from './agent-lines.ts';
import { claudeEvents, writtenPath } from './claude-events.ts';
import { type ClaudeLine, type ClaudeResult, claudeLineSchema } from './claude-line.ts';
import { usageAfterTurn } from './claude-usage.ts';

export interface ClaudeState {
  readonly sessionId: string | null;
  /** What the agent itself said since its last tool. */
  readonly texts: readonly string[];
  /** Names of the tools that are at work, by id. */
  readonly tools: ReadonlyMap<string, string>;
  readonly files: readonly string[];
  /** The last one: there is one per turn. */
  readonly result: ClaudeResult | null;
  /** Of the turns so far; null while it has not been told. */
  readonly turns: TaskUsage | null;
}

export const CLAUDE_START: ClaudeState = {
  sessionId: null,
  texts: [],
  tools: new Map(),
  files: [],
  result: null,
  turns: null,
};

export interface ClaudeStep {
  state: ClaudeState;
  events: AgentEvent[];
}

/** Takes one line of stdout. A line of no known form is a `log` event and changes nothing. */
export function stepClaude(state: ClaudeState, text: string, now: number): ClaudeStep {
  const line = parseLine(claudeLineSchema, text);
  if (line === null) return { state, events: unknownLine(text, now) };
  const named = { ...state, sessionId: line.session_id ?? state.sessionId };
  return { state: nextState(named, line), events: claudeEvents(line, state.tools, timeOf(line.timestamp, now)) };
}

function nextState(state: ClaudeState, line: ClaudeLine): ClaudeState {
  switch (line.type) {
    case 'system':
      return state;
    case 'assistant': {
      const ofSubagent = typeof line.parent_tool_use_id === 'string';
      let { texts } = state;
      const tools = new Map(state.tools);
      for (const block of line.message.content) {
        if ('name' in block) {
          tools.set(block.id, block.name);
          if (!ofSubagent) texts = [];
        } else if ('text' in block && !ofSubagent) texts = withText(texts, block.text);
      }
      // A turn that goes on has no result yet.
      return { ...state, texts, tools, result: ofSubagent ? state.result : null };
    }
    case 'user': {
      const { content } = line.message;
      const tools = new Map(state.tools);
      if (typeof content !== 'string')
        for (const block of content) if ('tool_use_id' in block) tools.delete(block.tool_use_id);
      return { ...state, tools, files: withFile(state.files, writtenPath(line, state.tools)) };
    }
    case 'result':
      return { ...state, result: line, turns: usageAfterTurn(state.turns, line) };
  }
}
