/** Pure: no clock, no randomness, no storage, no network. What an item of Codex's output says, as events. */
import type { AgentEvent } from '../../shared/event.ts';
import type { CodexItem } from './codex-line.ts';

/** A tool at its start; nothing for what is told whole. */
export function itemStarted(item: CodexItem, timestamp: number): AgentEvent[] {
  const call = callOf(item);
  if (call === null) return [];
  const { tool, input } = call;
  return [{ type: 'tool_call', content: tool, data: { id: item.id, tool, input }, timestamp }];
}

/** `started`: its start was told. A tool whose start was not gets both events now. */
export function itemEnded(item: CodexItem, started: boolean, timestamp: number): AgentEvent[] {
  switch (item.type) {
    case 'agent_message':
      return [{ type: 'message', content: item.text, timestamp }];
    case 'reasoning':
      return [{ type: 'thinking', content: item.text, timestamp }];
    case 'error':
      return [{ type: 'log', content: item.message, data: { level: 'warning' }, timestamp }];
    case 'command_execution':
    case 'file_change':
    case 'mcp_tool_call':
    case 'web_search':
      return [...(started ? [] : itemStarted(item, timestamp)), ...resultEvents(item, timestamp)];
  }
}

type ToolItem = Exclude<CodexItem, { type: 'agent_message' | 'reasoning' | 'error' }>;

function callOf(item: CodexItem): { tool: string; input: unknown } | null {
  switch (item.type) {
    case 'command_execution':
      return { tool: 'shell', input: { command: item.command } };
    case 'file_change':
      return { tool: 'apply_patch', input: { changes: item.changes } };
    case 'mcp_tool_call':
      return { tool: `${item.server}.${item.tool}`, input: item.arguments };
    case 'web_search':
      return { tool: 'web_search', input: { query: item.query } };
    default:
      return null;
  }
}

function resultEvents(item: ToolItem, timestamp: number): AgentEvent[] {
  const { id } = item;
  const tool = callOf(item)?.tool;
  // A command that failed is a result like another, as with other agents: it says its exit code.
  const status =
    'status' in item && item.status === 'failed' && item.type !== 'command_execution' ? 'error' : 'completed';
  const exitCode = item.type === 'command_execution' ? (item.exit_code ?? undefined) : undefined;
  const result: AgentEvent = {
    type: 'tool_result',
    content: outputOf(item),
    data: { id, tool, status, exitCode },
    timestamp,
  };
  if (item.type !== 'file_change' || status === 'error') return [result];
  const changes = item.changes.map(
    ({ path, kind }): AgentEvent => ({
      type: 'file_change',
      content: path,
      data: { id, tool, path, change: CHANGES[kind] ?? kind },
      timestamp,
    }),
  );
  return [result, ...changes];
}

const CHANGES: Readonly<Record<string, string>> = { add: 'created', update: 'modified', delete: 'deleted' };

function outputOf(item: ToolItem): string {
  switch (item.type) {
    case 'command_execution':
      return item.aggregated_output;
    case 'mcp_tool_call':
      return item.error?.message ?? (item.result === undefined ? '' : JSON.stringify(item.result));
    case 'file_change':
    case 'web_search':
      return '';
  }
}
