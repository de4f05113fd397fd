/** Pure: no clock, no randomness, no I/O. Whether one more task may start, and as which attempt. */
import { MAX_REPORTED_RUNS } from '../../shared/limits.ts';
import type { RunRef } from '../../shared/protocol/run-ref.ts';

/** A run that is on the host's disk, or is just being put there. */
export interface KnownRun extends RunRef {
  /** The agent, or what is left of it, may be alive: it takes up a slot. */
  active: boolean;
  /** An abort was asked for, or the server has given the attempt away. */
  ending: boolean;
  /** The server is still to be told something. */
  unsettled: boolean;
}

/**
 * Which attempt an `execute` means. Version 2 says it; version 1 means the run of this task that goes on, or else a further
 * one. A known attempt is never run again.
 */
export function meantAttempt(taskId: string, attempt: number | undefined, known: readonly KnownRun[]): number {
  if (attempt !== undefined) return attempt;
  const earlier = known.filter((run) => run.taskId === taskId);
  const current = earlier.find((run) => !run.ending);
  return current?.attempt ?? Math.max(0, ...earlier.map((run) => run.attempt)) + 1;
}

export type Admission = { kind: 'admit' } | { kind: 'refused'; reason: 'full' | 'draining'; message: string };

/**
 * Whether one more may start beside the runs that there are: each that may have a process takes up a slot. `unsettled` ones
 * are bounded so that the next `register` can name them all; one that it leaves out counts as lost, and is run again.
 */
export function admit(
  runs: { active: number; unsettled: number },
  limits: { maxConcurrent: number; draining: boolean },
): Admission {
  if (limits.draining) return { kind: 'refused', reason: 'draining', message: 'this host is shutting down' };
  if (runs.active >= limits.maxConcurrent)
    return full(`this host runs ${runs.active} of at most ${limits.maxConcurrent} tasks`);
  if (runs.unsettled >= MAX_REPORTED_RUNS)
    return full(`this host still holds ${runs.unsettled} runs for the server, at most MAX_REPORTED_RUNS`);
  return { kind: 'admit' };
}

function full(message: string): Admission {
  return { kind: 'refused', reason: 'full', message };
}
