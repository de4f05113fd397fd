/** Pure: no clock, no randomness, no storage, no network. */
import { type AgentExit, describeExit, UNFINISHED, type Verdict } from './agent-exit.ts';
import { resultError } from './claude-events.ts';
import type { ClaudeResult } from './claude-line.ts';
import type { ClaudeState } from './claude-parse.ts';
import { sessionUsage } from './claude-usage.ts';

/**
 * `isFollowUp`: the session is older than the run, and another run's share of what it took is not told as this one's.
 * Success is exit 0 and a last `result` that is no error. Its `subtype` says nothing: it is `success` for a model that refused
 * too. A tool that the owner denies is no failure of the task: the agent was told and went on.
 */
export function claudeVerdict(state: ClaudeState, exit: AgentExit, isFollowUp: boolean): Verdict {
  const { result, texts, files, turns } = state;
  const message = failure(result, exit);
  const whole = result === null || isFollowUp ? null : sessionUsage(result);
  const answer = result?.is_error === false ? result.result : undefined;
  return {
    success: message === '',
    message,
    output: answer ?? texts.join('\n'),
    files,
    usage: whole ?? turns ?? undefined,
  };
}

function failure(result: ClaudeResult | null, exit: AgentExit): string {
  if (result?.is_error === true) return resultError(result);
  if (exit.code !== 0) return `the agent ${describeExit(exit)}`;
  return result === null ? UNFINISHED : '';
}
