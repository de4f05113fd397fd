import type { AgentEvent } from '../../shared/event.ts';
import type { LogEntry } from '../../shared/log-entry.ts';
import { printable } from '../../shared/printable.ts';

const WIDTH = 100;

/** Prints lines with the seconds since the demo began. */
export function stopwatch(): (what: string, text: string) => void {
  const began = performance.now();
  return (what, text) => {
    const seconds = ((performance.now() - began) / 1000).toFixed(1).padStart(5);
    console.log(printable(`${seconds} s  ${what.padEnd(12)} ${text}`));
  };
}

/** What a person wants to see of a log entry; null for what would only be noise, such as the agent's own log. */
export function describe(entry: LogEntry): [what: string, text: string] | null {
  if ('gap' in entry) return ['gap', `entries ${entry.gap.from} to ${entry.gap.to} are gone`];
  if ('status' in entry) {
    const where = entry.hostId === undefined ? '' : ` on ${entry.hostId}`;
    return ['task', `${entry.status}${where}${entry.error === undefined ? '' : `: ${entry.error.message}`}`];
  }
  const session = sessionOf(entry.event);
  if (session !== null) return ['session', session];
  const text = eventText(entry.event);
  return text === null ? null : [entry.event.type, text];
}

/** OpenCode logs the session that it has made, well before it answers. */
function sessionOf({ type, content = '' }: AgentEvent): string | null {
  return type === 'log' ? (/message=created id=(ses_\w+)/.exec(content)?.[1] ?? null) : null;
}

function eventText({ type, content = '', data }: AgentEvent): string | null {
  switch (type) {
    case 'log':
      return null;
    case 'tool_call':
      return short(`${content} ${JSON.stringify(inputOf(data))}`);
    default:
      return short(content);
  }
}

function inputOf(data: unknown): unknown {
  return typeof data === 'object' && data !== null && 'input' in data ? data.input : data;
}

function short(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > WIDTH ? `${line.slice(0, WIDTH)}…` : line;
}
