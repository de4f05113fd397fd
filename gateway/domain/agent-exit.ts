/** Pure: no clock, no randomness, no storage, no network. */
import type { TaskUsage } from '../../shared/task.ts';

export interface AgentExit {
  /** Null when it ended by a signal. */
  code: number | null;
  signal: string | null;
}

/** How the agent ended, by its own account. */
export interface Verdict {
  success: boolean;
  /** One line on why it failed; empty on success. */
  message: string;
  /** What the agent answered; not yet cut. */
  output: string;
  /** Paths that the agent says it changed, as it gave them. */
  files: readonly string[];
  /** What it took, by the agent's count; absent when it does not say. */
  usage?: TaskUsage | undefined;
}

/** Why a task failed whose agent exited well without having said that it is done. */
export const UNFINISHED = 'the agent ended before it finished an answer';

/** "exited with code 3", "was ended by SIGKILL". */
export function describeExit(exit: AgentExit): string {
  return exit.code === null ? `was ended by ${exit.signal ?? 'a signal'}` : `exited with code ${exit.code}`;
}
