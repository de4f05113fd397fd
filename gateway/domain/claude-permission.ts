/** Pure: no clock, no randomness, no storage, no network. What Claude Code asks before it uses a tool. */
import type { ApprovalAction, ApprovalDecision } from '../../shared/approval.ts';
import type { ToolRequest } from './claude-control.ts';

/** Kinds of its own tools, by the words that agents over ACP have for them: a rule of the owner's fits all agents. Others keep their names. */
const KINDS: Readonly<Record<string, string>> = {
  Bash: 'execute',
  Write: 'edit',
  Edit: 'edit',
  NotebookEdit: 'edit',
  WebFetch: 'fetch',
  WebSearch: 'fetch',
  Read: 'read',
  Glob: 'search',
  Grep: 'search',
};

/** Fields of a tool's input that name what it works on. */
const PATH_FIELDS = ['file_path', 'notebook_path', 'path'];

/** What exactly it wants to do. */
export function claudeAction({ tool_name: name, input, blocked_path: blocked }: ToolRequest): ApprovalAction {
  const text = (field: string) => (typeof input[field] === 'string' ? input[field] : undefined);
  const command = text('command');
  const named = [...PATH_FIELDS.map(text), blocked].filter((path) => path !== undefined);
  const object = command ?? named[0] ?? text('url') ?? text('query') ?? JSON.stringify(input);
  const diff = diffOf(text('old_string'), text('new_string') ?? text('content'));
  return {
    tool: KINDS[name] ?? name,
    title: `${name}: ${firstLine(object)}`,
    ...(command === undefined ? {} : { command }),
    ...(named.length === 0 ? {} : { paths: [...new Set(named)] }),
    ...(diff === null ? {} : { diff }),
  };
}

/** The answers that it takes. */
export function claudeOptions({ permission_suggestions: suggestions = [] }: ToolRequest): ApprovalDecision[] {
  return suggestions.length === 0 ? ['allow', 'deny'] : ['allow', 'allow_always', 'deny'];
}

/** The whole stands beside the title. */
function firstLine(text: string): string {
  const [first = '', ...more] = text.trim().split(/\r?\n/);
  return more.length === 0 ? first : `${first} …`;
}

/** Of what is there to say of a text that takes another's place, or none's. */
function diffOf(before: string | undefined, after: string | undefined): string | null {
  if (after === undefined) return null;
  const marked = (mark: string, text: string) => text.replace(/\n$/, '').replace(/^/gm, mark);
  return [...(before === undefined ? [] : [marked('-', before)]), marked('+', after)].join('\n');
}
