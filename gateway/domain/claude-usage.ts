/** Pure: no clock, no randomness, no storage, no network. What a run of Claude Code took. */
import type { TaskUsage } from '../../shared/task.ts';
import type { ClaudeResult } from './claude-line.ts';
import { addUsage } from './usage.ts';

/** With one more turn's tokens; the same when they were not told. */
export function usageAfterTurn(before: TaskUsage | null, { usage }: ClaudeResult): TaskUsage | null {
  if (usage === undefined) return before;
  const { input_tokens: fresh, output_tokens: outputTokens } = usage;
  const { cache_read_input_tokens: read, cache_creation_input_tokens: written } = usage;
  return addUsage(before, { inputTokens: fresh + read + written, outputTokens, cachedInputTokens: read });
}

/** Of a whole session, its subagents included: of a run, when the session began with it. */
export function sessionUsage({ modelUsage = {}, total_cost_usd: costUsd }: ClaudeResult): TaskUsage | null {
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
  if (usage === null || costUsd === undefined) return usage;
  return addUsage(usage, { inputTokens: 0, outputTokens: 0, costUsd });
}
