/** Pure: no clock, no randomness, no storage, no network. */
import { type AgentExit, describeExit, UNFINISHED, type Verdict } from './agent-exit.ts';
import type { CodexState } from './codex-parse.ts';

/** Success is exit 0 and a turn that was completed. */
export function codexVerdict(state: CodexState, exit: AgentExit): Verdict {
  const message = failure(state, exit);
  const { texts, files, usage } = state;
  return { success: message === '', message, output: texts.join('\n'), files, usage: usage ?? undefined };
}

function failure({ completed, error }: CodexState, exit: AgentExit): string {
  if (error !== null) return error;
  if (exit.code !== 0) return `the agent ${describeExit(exit)}`;
  return completed ? '' : UNFINISHED;
}
