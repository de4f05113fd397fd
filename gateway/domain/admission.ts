/** Pure: no clock, no randomness, no I/O. Whether one more task may start, and as which attempt. */
import type { RunRef } from '../../shared/protocol/run-ref.ts';

/** A run that is on the host's disk, or is just being put there. */
export interface KnownRun extends RunRef {
  /** The agent, or what is left of it, may be alive: it takes up a slot. */
  active: boolean;
  /** An abort was asked for, or the server has given the attempt away. */
  ending: boolean;
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

/** Whether one more may start beside the `active` ones: every run that may have a process counts as a slot. */
export function admit(active: number, limits: { maxConcurrent: number; draining: boolean }): Admission {
  if (limits.draining) return { kind: 'refused', reason: 'draining', message: 'this host is shutting down' };
  if (active < limits.maxConcurrent) return { kind: 'admit' };
  return {
    kind: 'refused',
    reason: 'full',
    message: `this host runs ${active} of at most ${limits.maxConcurrent} tasks`,
  };
}
