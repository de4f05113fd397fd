import { setTimeout as sleep } from 'node:timers/promises';
import { idleFrom, lookAgain } from '../domain/idle.ts';
import { processesOfRun } from '../domain/run-processes.ts';
import { processTable } from '../process/process-table.ts';
import type { ProcessIdentity } from '../runs/files.ts';

/** Looks within one idle timeout: it strikes at most a tenth too late. */
const LOOKS_PER_TIMEOUT = 10;
/** ms between looks at most; what matters of an hour's silence is not its last minutes. */
const LONGEST_PERIOD_MS = 10_000;

export interface IdleWatch {
  idleTimeoutMs: number;
  /** The run's mark. */
  mark: string;
  agent: Promise<ProcessIdentity | null>;
  /** ms since the agent last put something out. */
  outputQuietMs(): number;
}

/** Resolves to true when the agent has given no sign of life for `idleTimeoutMs`; to false when `signal` fires before. */
export async function becomesIdle(watch: IdleWatch, signal: AbortSignal): Promise<boolean> {
  const { idleTimeoutMs, mark } = watch;
  const periodMs = Math.min(idleTimeoutMs / LOOKS_PER_TIMEOUT, LONGEST_PERIOD_MS);
  const agent = await watch.agent;
  let state = idleFrom(performance.now());
  while (state.quietMs < idleTimeoutMs) {
    await sleep(periodMs, undefined, { signal }).catch(() => {});
    if (signal.aborted) return false;
    const table = await processTable(mark);
    const processes = processesOfRun(table, { agent, known: [], self: process.pid });
    state = lookAgain(state, {
      now: performance.now(),
      outputQuietMs: watch.outputQuietMs(),
      processes,
      periodMs,
    });
  }
  return true;
}
