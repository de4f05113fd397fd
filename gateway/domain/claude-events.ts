/** Pure: no clock, no randomness, no storage, no network. What a line of Claude Code's output says, as events. */
import type { AgentEvent } from '../../shared/event.ts';
import type { AssistantBlock, ClaudeLine, ClaudeResult, ClaudeToolResult } from './claude-line.ts';

type UserLine = Extract<ClaudeLine, { type: 'user' }>;
type SystemLine = Extract<ClaudeLine, { type: 'system' }>;

const WRITING_TOOLS = new Set(['Write', 'Edit']);

/** `tools`: names of the tools that were at work before the line, by id. */
export function claudeEvents(line: ClaudeLine, tools: ReadonlyMap<string, string>, timestamp: number): AgentEvent[] {
  // Events of a subagent name the tool call that it works for.
  const parent = typeof line.parent_tool_use_id === 'string' ? { parentId: line.parent_tool_use_id } : {};
  switch (line.type) {
    case 'system':
      return systemEvents(line, timestamp);
    case 'assistant':
      return line.message.content.flatMap((block) => assistantEvents(block, parent, timestamp));
    case 'user':
      return userEvents(line, tools, parent, timestamp);
    case 'result':
      return [resultEvent(line, timestamp)];
  }
}

function systemEvents({ subtype, ...fields }: SystemLine, timestamp: number): AgentEvent[] {
  // An estimate every few tokens; the thought itself follows.
  if (subtype === 'thinking_tokens') return [];
  const {
    type: _type,
    session_id: _session,
    uuid: _uuid,
    timestamp: _time,
    parent_tool_use_id: _parent,
    ...rest
  } = fields;
  // The rest of it lists all that the agent could do.
  const data =
    subtype === 'init' ? { subtype, model: fields.model, permissionMode: fields.permissionMode } : { subtype, ...rest };
  const content = typeof fields.message === 'string' ? `${subtype}: ${fields.message}` : subtype;
  return [{ type: 'log', content, data, timestamp }];
}

function assistantEvents(block: AssistantBlock, parent: { parentId?: string }, timestamp: number): AgentEvent[] {
  if ('name' in block) {
    const { id, name: tool, input } = block;
    return [{ type: 'tool_call', content: tool, data: { id, tool, input, ...parent }, timestamp }];
  }
  const data = 'parentId' in parent ? { data: parent } : {};
  if ('thinking' in block) return [{ type: 'thinking', content: block.thinking, ...data, timestamp }];
  if ('text' in block) return [{ type: 'message', content: block.text, ...data, timestamp }];
  return [{ type: 'log', content: block.type, data: { block: block.type, ...parent }, timestamp }];
}

function userEvents(
  line: UserLine,
  tools: ReadonlyMap<string, string>,
  parent: { parentId?: string },
  timestamp: number,
): AgentEvent[] {
  const { content } = line.message;
  if (typeof content === 'string') return [];
  const events = content.flatMap((block): AgentEvent[] => {
    if (!('tool_use_id' in block)) return [];
    const id = block.tool_use_id;
    const data = { id, tool: tools.get(id), status: block.is_error === true ? 'error' : 'completed', ...parent };
    return [{ type: 'tool_result', content: textOf(block), data, timestamp }];
  });
  const path = writtenPath(line, tools);
  if (path === null) return events;
  const id = content.find((block) => 'tool_use_id' in block)?.tool_use_id;
  const { type, originalFile } = line.tool_use_result ?? {};
  const change = type === 'create' || originalFile === null ? 'created' : 'modified';
  const tool = id === undefined ? undefined : tools.get(id);
  return [...events, { type: 'file_change', content: path, data: { id, tool, path, change, ...parent }, timestamp }];
}

/** The file that a tool wrote; null for other tools and for those that failed. */
export function writtenPath(line: UserLine, tools: ReadonlyMap<string, string>): string | null {
  const { content } = line.message;
  if (typeof content === 'string' || line.tool_use_result === undefined) return null;
  const wrote = content.some(
    (block) =>
      'tool_use_id' in block && block.is_error !== true && WRITING_TOOLS.has(tools.get(block.tool_use_id) ?? ''),
  );
  return wrote ? line.tool_use_result.filePath : null;
}

function textOf({ content = '' }: ClaudeToolResult): string {
  if (typeof content === 'string') return content;
  return content.map((block) => ('text' in block ? block.text : `[${block.type}]`)).join('\n');
}

function resultEvent(line: ClaudeResult, timestamp: number): AgentEvent {
  const { subtype, total_cost_usd: costUsd, permission_denials: denials = [] } = line;
  if (line.is_error) return { type: 'error', content: resultError(line), data: { subtype }, timestamp };
  const denied = denials.map(({ tool_name: tool }) => tool);
  return { type: 'log', content: 'turn ended', data: { subtype, costUsd, denied }, timestamp };
}

/** One line on why the turn failed. */
export function resultError({ result = '', errors = [], subtype }: ClaudeResult): string {
  return result || errors.join('; ') || `the agent ended its turn with ${subtype}`;
}
