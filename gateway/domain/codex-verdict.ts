/** Pure: no clock, no randomness, no storage, no network. */
import { type AgentExit, describeExit, UNFINISHED, type Verdict } from './agent-exit.ts';
import type { CodexState } from './codex-parse.ts';

/**
 * Success is exit 0 and a turn that was completed. `isFollowUp`: the session is older than the run. Codex counts for the whole session,
 * and another run's share is not told as this one's.
 */
export function codexVerdict(state: CodexState, exit: AgentExit, isFollowUp: boolean): Verdict {
  const message = failure(state, exit);
  const { texts, files } = state;
  const usage = isFollowUp ? undefined : (state.usage ?? undefined);
  return { success: message === '', message, output: texts.join('\n'), files, usage };
}

function failure({ completed, error }: CodexState, exit: AgentExit): string {
  if (error !== null) return error;
  if (exit.code !== 0) return `the agent ${describeExit(exit)}`;
  return completed ? '' : UNFINISHED;
}
