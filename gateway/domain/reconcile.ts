/** Pure: no clock, no randomness, no I/O. What the server's answer to `register` means for the runs on disk. */
import type { RunVerdict } from '../../shared/protocol/registered.ts';
import type { RunRef } from '../../shared/protocol/run-ref.ts';

export type RunAction<R> =
  | { run: R; do: 'upload'; ackedSeq: number }
  /** End the agent, then send its late result alone. */
  | { run: R; do: 'stop'; ackedSeq: number }
  | { run: R; do: 'forget' };

/**
 * One action a run, in the order given. A run without a verdict (a version-1 server gives none) is sent from its start: whoever
 * knows more of it says so.
 */
export function reconcile<R extends { ref: RunRef }>(
  runs: readonly R[],
  verdicts: readonly RunVerdict[],
): RunAction<R>[] {
  const byRun = new Map(verdicts.map((verdict) => [`${verdict.taskId}.${verdict.attempt}`, verdict]));
  return runs.map((run): RunAction<R> => {
    const verdict = byRun.get(`${run.ref.taskId}.${run.ref.attempt}`);
    switch (verdict?.verdict) {
      case 'settled':
        return { run, do: 'forget' };
      case 'stop':
        return { run, do: 'stop', ackedSeq: verdict.ackedSeq };
      default:
        return { run, do: 'upload', ackedSeq: verdict?.ackedSeq ?? 0 };
    }
  });
}
