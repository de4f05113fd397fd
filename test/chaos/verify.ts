/** What must hold for each task after all the faults. Pure. */
import type { Entry, Task } from '../e2e/harness/wire.ts';
import { TERMINAL } from '../e2e/harness/wire.ts';
import { parseLine } from './order.ts';
import type { Start } from './records.ts';
import type { Assignment } from './tasks.ts';

export interface Evidence {
  assignment: Assignment;
  task: Task;
  log: readonly Entry[];
  /** Every agent that began on this task, by the agents' own records. */
  starts: readonly Start[];
  /** What was killed of it. */
  killed: ReadonlySet<'agent' | 'supervisor'>;
  /** Somebody asked for its end. */
  aborted: boolean;
  /** Entries that its watcher saw; null when nobody watched. */
  watched: readonly number[] | null;
  maxAttempts: number;
}

/** Every promise that was broken, in words; empty when all were kept. */
export function violations(evidence: Evidence): string[] {
  const found = [
    ...ending(evidence),
    ...numbering(evidence),
    ...lines(evidence),
    ...starting(evidence),
    ...watching(evidence),
  ];
  return found.map((what) => `${evidence.assignment.label} (${evidence.task.id}): ${what}`);
}

function isTerminal(entry: Entry | undefined): boolean {
  return entry !== undefined && 'status' in entry && TERMINAL.includes(String(entry.status));
}

/** It has ended, and something that happened to it explains how. */
function ending({ task, assignment, killed, aborted, maxAttempts }: Evidence): string[] {
  const reason = `${task.status} ${task.error?.code ?? ''}`.trim();
  const ownFailures = (task.failedAttempts ?? []).length + 1;
  const triedEnough = ownFailures === assignment.maxFailures;
  const explained: Record<string, boolean> = {
    completed: assignment.exitCode === 0,
    'failed agent_failed': triedEnough && (assignment.exitCode !== 0 || killed.has('agent')),
    'failed agent_crashed': triedEnough && killed.has('supervisor'),
    'failed host_lost': assignment.onHostLost !== 'requeue' || task.attempt >= maxAttempts,
    'timeout timeout': assignment.timeoutMs !== null,
    'aborted aborted': aborted,
  };
  return explained[reason] === true ? [] : [`ended as "${reason}" for no reason: ${task.error?.message ?? ''}`];
}

/** 1, 2, 3 … and one last entry that says what the task says. */
function numbering({ task, log }: Evidence): string[] {
  const found: string[] = [];
  const wrong = log.findIndex((entry, index) => entry.seq !== index + 1);
  if (wrong >= 0) found.push(`entry ${wrong + 1} of the log has number ${log[wrong]?.seq}`);
  const last = log.at(-1);
  if (!isTerminal(last)) found.push('its log has no end');
  else if (last !== undefined && 'status' in last && last.status !== task.status)
    found.push(`its log ends with ${last.status}`);
  if (log.filter(isTerminal).length > 1) found.push('its log ends more than once');
  return found;
}

/** The gateway's own words: that another task is at work in the same directory, as two of a host's always are here, and that git was too slow. */
function isRemark(data: unknown): boolean {
  return typeof data === 'object' && data !== null && ('neighbours' in data || 'changes' in data);
}

/** Of every attempt: one process's lines, from the first on, each once and in order; all of them, where the agent came to its end. */
function lines({ task, log, assignment }: Evidence): string[] {
  const found: string[] = [];
  const attempts = new Map<number, { pid: number; count: number }>();
  for (const entry of log) {
    if ('status' in entry || isRemark(entry.event.data)) continue;
    const line = parseLine(String(entry.event.content));
    if (line === null || line.label !== assignment.label) {
      // Besides its lines an agent has nothing to say.
      found.push(`entry ${entry.seq} is not a line of its agent: ${String(entry.event.content).slice(0, 80)}`);
      continue;
    }
    const attempt = attempts.get(entry.attempt) ?? { pid: line.pid, count: 0 };
    if (line.pid !== attempt.pid) found.push(`attempt ${entry.attempt} has lines of two processes`);
    if (line.number !== attempt.count + 1)
      found.push(`attempt ${entry.attempt}: line ${line.number} follows line ${attempt.count}`);
    attempts.set(entry.attempt, { pid: line.pid, count: line.number });
  }
  const printed = attempts.get(task.attempt)?.count ?? 0;
  const ranToItsEnd = task.result?.exitCode === assignment.exitCode && task.result.exitCode !== undefined;
  if ((task.status === 'completed' || ranToItsEnd) && printed !== assignment.lines)
    found.push(`${task.status} with ${printed} of ${assignment.lines} lines`);
  return found;
}

/** No attempt has run twice. */
function starting({ task, starts }: Evidence): string[] {
  const runs = starts.map(({ run }) => run).filter((run) => run !== '');
  const twice = runs.filter((run, index) => runs.indexOf(run) !== index);
  return [
    ...twice.map((run) => `the agent of ${run} was started twice`),
    ...(starts.length > task.attempt ? [`${starts.length} agents in ${task.attempt} attempts`] : []),
  ];
}

/** The stream, whatever broke it, was the log. */
function watching({ watched, log }: Evidence): string[] {
  if (watched === null) return [];
  const expected = log.map(({ seq }) => seq);
  return watched.length === expected.length && watched.every((seq, index) => seq === expected[index])
    ? []
    : [`its watcher saw ${watched.length} entries of ${expected.length}, or saw them in another order`];
}
