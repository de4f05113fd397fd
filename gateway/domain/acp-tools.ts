/** Pure: no clock, no randomness, no storage, no network. The tool calls of a turn, put together from what comes of each. */
import type { AgentEvent } from '../../shared/event.ts';
import type { ToolChange } from './acp-schemas.ts';
import { field } from './agent-lines.ts';
import { JOIN_MS } from './joined-text.ts';

/** Ids of ended tools that are remembered: what comes of one later is not its beginning. */
const MAX_ENDED = 64;
const CHANGING_KINDS: Readonly<Record<string, string>> = { edit: 'modified', move: 'modified', delete: 'deleted' };

interface Tool {
  /** Its first title, which some agents make its name. */
  readonly name: string;
  /** All that came of it, later fields in place of earlier ones. */
  readonly known: ToolChange;
  /** ms; when it was first heard of. */
  readonly since: number;
  /** Its `tool_call` has gone out. */
  readonly isTold: boolean;
}

export interface AcpTools {
  /** Begun and not ended. */
  readonly open: ReadonlyMap<string, Tool>;
  readonly ended: readonly string[];
}

export const NO_TOOLS: AcpTools = { open: new Map(), ended: [] };

export interface ToolStep {
  tools: AcpTools;
  events: AgentEvent[];
  /** Files that the tool has changed. */
  files: readonly string[];
  /** Why it failed; null when it did not. */
  failure: string | null;
}

/** Whether this is the first that is heard of it. */
export function isNewTool({ open, ended }: AcpTools, { toolCallId: id }: ToolChange): boolean {
  return !open.has(id) && !ended.includes(id);
}

/**
 * Takes what is said of a tool, whichever message says it. `tool_call` goes out once it runs: while it is pending its input may
 * still be on its way, so it waits for that, but not for long (`restOfTools`). `tool_result` goes out at its end.
 */
export function changeTool(tools: AcpTools, change: ToolChange, now: number): ToolStep {
  const { toolCallId: id } = change;
  if (tools.ended.includes(id)) return { tools, events: [], files: [], failure: null };
  const before = tools.open.get(id);
  const known = before === undefined ? change : merged(before.known, change);
  const name = before?.name ?? change.title ?? change.kind ?? id;
  const status = known.status ?? 'pending';
  const isRunning = status !== 'pending';
  const tool = { name, known, since: before?.since ?? now, isTold: isRunning || (before?.isTold ?? false) };
  const call = tool.isTold && before?.isTold !== true ? [callEvent(tool, now)] : [];
  if (status !== 'completed' && status !== 'failed') {
    return { tools: { ...tools, open: new Map(tools.open).set(id, tool) }, events: call, files: [], failure: null };
  }
  const open = new Map(tools.open);
  open.delete(id);
  const changes = status === 'completed' ? changesOf(known) : [];
  return {
    tools: { open, ended: [...tools.ended, id].slice(-MAX_ENDED) },
    events: [...call, resultEvent(tool, status, now), ...changes.map((file) => fileEvent(tool, file, now))],
    files: changes.map(({ path }) => path),
    failure: status === 'failed' ? textOf(known) : null,
  };
}

/** The calls of tools that have been pending for long enough by `now`. */
export function restOfTools(tools: AcpTools, now: number): { tools: AcpTools; events: AgentEvent[] } {
  const due = [...tools.open].filter(([, tool]) => !tool.isTold && now - tool.since >= JOIN_MS);
  if (due.length === 0) return { tools, events: [] };
  const open = new Map(tools.open);
  for (const [id, tool] of due) open.set(id, { ...tool, isTold: true });
  return { tools: { ...tools, open }, events: due.map(([, tool]) => callEvent(tool, tool.since)) };
}

function merged(before: ToolChange, change: ToolChange): ToolChange {
  const said = Object.entries(change).filter(([, value]) => value !== undefined && value !== null);
  return { ...before, ...Object.fromEntries(said) };
}

function callEvent({ name, known }: Tool, timestamp: number): AgentEvent {
  const data = { id: known.toolCallId, tool: name, kind: known.kind, title: known.title, input: known.rawInput };
  return { type: 'tool_call', content: name, data, timestamp };
}

function resultEvent({ name, known }: Tool, status: string, timestamp: number): AgentEvent {
  const exit = field(field(known.rawOutput, 'metadata'), 'exit');
  const exitCode = typeof exit === 'number' ? exit : undefined;
  const data = { id: known.toolCallId, tool: name, status, title: known.title, exitCode };
  return { type: 'tool_result', content: textOf(known), data, timestamp };
}

function fileEvent({ name, known }: Tool, { path, change, diff }: FileChange, timestamp: number): AgentEvent {
  const data = { id: known.toolCallId, tool: name, path, change, diff };
  return { type: 'file_change', content: path, data, timestamp };
}

interface FileChange {
  path: string;
  change: string;
  diff?: string;
}

/** By the most exact account there is: OpenCode's own, the diffs, the places that an editing tool named. */
function changesOf(known: ToolChange): FileChange[] {
  const kindly = CHANGING_KINDS[known.kind ?? ''];
  const metadata = field(known.rawOutput, 'metadata');
  const path = field(metadata, 'filepath');
  const diff = field(metadata, 'diff');
  if (kindly !== undefined && typeof path === 'string') {
    const change = field(metadata, 'exists') === false ? 'created' : kindly;
    return [{ path, change, ...(typeof diff === 'string' ? { diff } : {}) }];
  }
  const diffs = (known.content ?? []).flatMap(({ type, path: at, oldText, _meta: meta }) => {
    if (type !== 'diff' || at === undefined) return [];
    return [{ path: at, change: meta?.kind === 'add' || oldText === null ? 'created' : (kindly ?? 'modified') }];
  });
  if (diffs.length > 0 || kindly === undefined) return diffs;
  return (known.locations ?? []).map((location) => ({ path: location.path, change: kindly }));
}

/** What the tool put out, or why it failed. */
function textOf({ content, rawOutput }: ToolChange): string {
  const texts = (content ?? []).flatMap(({ content: block }) => (block?.text === undefined ? [] : [block.text]));
  if (texts.length > 0) return texts.join('\n');
  const raw = [rawOutput, field(rawOutput, 'output'), field(rawOutput, 'error')];
  return raw.find((value) => typeof value === 'string') ?? '';
}
