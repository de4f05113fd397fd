/** Pure: no clock, no randomness, no storage, no network. */
import type { TaskError } from '../../shared/errors.ts';
import { MAX_ERROR_BYTES, MAX_OUTPUT_BYTES } from '../../shared/limits.ts';
import type { TaskResult } from '../../shared/task.ts';
import { utf8Head, utf8Tail } from '../../shared/utf8.ts';
import type { WorkspaceResult } from '../../shared/workspace.ts';
import type { AgentExit, Verdict } from './agent-exit.ts';

/** How a run ended. `cut`: it was ended from outside; the exit is null when the agent had not even started. */
export type RunEnd =
  | { kind: 'exited'; exit: AgentExit; verdict: Verdict }
  | { kind: 'cut'; reason: CutReason; exit: AgentExit | null; verdict: Verdict | null }
  | { kind: 'unstarted'; message: string }
  /** There was no place for it to work in. */
  | { kind: 'unplaced'; message: string };

export type CutReason = 'abort' | 'superseded' | 'shutdown' | 'timeout' | 'idle' | 'stopped' | 'disk';

export interface RunFacts {
  end: RunEnd;
  timeoutMs: number;
  /** ms; absent when the task names none. */
  idleTimeoutMs: number | undefined;
  durationMs: number;
  stderrTail: string;
  changes: Pick<TaskResult, 'filesChanged' | 'changesFrom' | 'diff' | 'diffTruncated'>;
  /** Null where it had no work tree of its own. */
  workspace: WorkspaceResult | null;
}

/** The result to store, and the error exactly when it is no success. */
export function resultOf(facts: RunFacts): { result: TaskResult; error?: TaskError } {
  const { end } = facts;
  const { exit, verdict } = 'verdict' in end ? end : { exit: null, verdict: null };
  const exitCode = exit?.code ?? null;
  const usage = verdict?.usage;
  const success = end.kind === 'exited' && end.verdict.success;
  const result: TaskResult = {
    success,
    ...(exitCode === null ? {} : { exitCode }),
    output: utf8Tail(verdict?.output ?? '', MAX_OUTPUT_BYTES),
    duration: Math.round(facts.durationMs),
    ...facts.changes,
    ...(facts.workspace === null ? {} : { workspace: facts.workspace }),
    ...(usage === undefined ? {} : { usage }),
  };
  if (success) return { result };
  const { code, message } = failureOf(end, facts);
  const details = utf8Tail(facts.stderrTail, MAX_OUTPUT_BYTES);
  const error: TaskError = { code, message: utf8Head(message, MAX_ERROR_BYTES) };
  return { result, error: details === '' ? error : { ...error, details } };
}

type Limits = Pick<RunFacts, 'timeoutMs' | 'idleTimeoutMs'>;

function failureOf(end: RunEnd, limits: Limits): Pick<TaskError, 'code' | 'message'> {
  switch (end.kind) {
    case 'exited':
      return { code: 'agent_failed', message: end.verdict.message };
    case 'unstarted':
      return { code: 'agent_crashed', message: `the agent could not be started: ${end.message}` };
    case 'unplaced':
      return { code: 'workspace_failed', message: end.message };
    case 'cut':
      return cutFailure(end.reason, limits);
  }
}

function cutFailure(reason: CutReason, { timeoutMs, idleTimeoutMs }: Limits): Pick<TaskError, 'code' | 'message'> {
  switch (reason) {
    case 'timeout':
      return { code: 'timeout', message: `the time limit of ${timeoutMs} ms was up` };
    case 'idle':
      return { code: 'idle_timeout', message: `the agent gave no sign of life for ${idleTimeoutMs} ms` };
    case 'abort':
      return { code: 'aborted', message: 'aborted on request' };
    case 'superseded':
      return { code: 'aborted', message: 'stopped: a later attempt has taken over' };
    case 'shutdown':
      return { code: 'aborted', message: 'stopped: the host is shutting down' };
    case 'stopped':
      return { code: 'agent_crashed', message: "the agent's supervisor was told to stop" };
    case 'disk':
      return { code: 'agent_crashed', message: "the agent's events could not be written to the host's disk" };
  }
}
