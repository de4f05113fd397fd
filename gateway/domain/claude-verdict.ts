/** Pure: no clock, no randomness, no storage, no network. */
import type { TaskUsage } from '../../shared/task.ts';
import { type AgentExit, describeExit, UNFINISHED, type Verdict } from './agent-exit.ts';
import { resultError } from './claude-events.ts';
import type { ClaudeResult } from './claude-line.ts';
import type { ClaudeState } from './claude-parse.ts';
import { addUsage } from './usage.ts';

/**
 * Success is exit 0 and a last `result` that is no error. Its `subtype` says nothing: it is `success` for a model that refused
 * too. A tool that the owner denies is no failure of the task: the agent was told and went on.
 */
export function claudeVerdict(state: ClaudeState, exit: AgentExit): Verdict {
  const { result, texts, files } = state;
  const message = failure(result, exit);
  const usage = result === null ? undefined : usageOf(result);
  const answer = result?.is_error === false ? result.result : undefined;
  return { success: message === '', message, output: answer ?? texts.join('\n'), files, usage };
}

function failure(result: ClaudeResult | null, exit: AgentExit): string {
  if (result?.is_error === true) return resultError(result);
  if (exit.code !== 0) return `the agent ${describeExit(exit)}`;
  return result === null ? UNFINISHED : '';
}

/** A run is one session, so what is counted for the session is the run's. */
function usageOf({ modelUsage = {}, total_cost_usd: costUsd }: ClaudeResult): TaskUsage | undefined {
  const models = Object.values(modelUsage);
  const usage = models.reduce<TaskUsage | null>((sum, model) => {
    const { inputTokens, outputTokens, cacheReadInputTokens, cacheCreationInputTokens, thinkingTokens } = model;
    return addUsage(sum, {
      inputTokens: inputTokens + cacheReadInputTokens + cacheCreationInputTokens,
      outputTokens,
      cachedInputTokens: cacheReadInputTokens,
      ...(thinkingTokens === undefined ? {} : { reasoningTokens: thinkingTokens }),
    });
  }, null);
  if (usage === null) return undefined;
  return costUsd === undefined ? usage : addUsage(usage, { inputTokens: 0, outputTokens: 0, costUsd });
}
