/** Pure: no clock, no randomness, no storage, no network. What the turns of a conversation took. */
import type { TaskUsage } from '../../shared/task.ts';
import type { PromptResult, Update } from './acp-schemas.ts';
import { addUsage } from './usage.ts';

/** The session's cost in US dollars, as far as the agent told it. */
export interface SessionCost {
  /** When the conversation began; null while that is not known: another run's share is not told as this one's. */
  readonly before: number | null;
  /** By the last that was said; null before. */
  readonly latest: number | null;
}

/** `isNew`: the session begins with this run. */
export function costAtStart(isNew: boolean): SessionCost {
  return { before: isNew ? 0 : null, latest: null };
}

/** `isBeforePrompts`: nothing has been asked of the agent yet. */
export function costAfter(
  cost: SessionCost,
  update: Extract<Update, { sessionUpdate: 'usage_update' }>,
  isBeforePrompts: boolean,
): SessionCost {
  if (update.cost?.currency !== 'USD') return cost;
  const { amount } = update.cost;
  return { before: isBeforePrompts ? amount : cost.before, latest: amount };
}

/** With one more turn's tokens; the same when the agent does not count. */
export function usageAfterTurn(before: TaskUsage | null, { usage, _meta: meta }: PromptResult): TaskUsage | null {
  if (usage !== undefined) {
    const { cachedReadTokens: read = 0, cachedWriteTokens: written = 0, thoughtTokens: thought = 0 } = usage;
    return addUsage(before, {
      inputTokens: usage.inputTokens + read + written,
      outputTokens: usage.outputTokens + thought,
      ...(usage.cachedReadTokens === undefined ? {} : { cachedInputTokens: read }),
      ...(usage.thoughtTokens === undefined ? {} : { reasoningTokens: thought }),
    });
  }
  const count = meta?.quota?.token_count;
  if (count === undefined) return before;
  return addUsage(before, { inputTokens: count.input_tokens, outputTokens: count.output_tokens });
}

/** Tokens and cost together, for the result. */
export function usageWithCost(usage: TaskUsage | null, { before, latest }: SessionCost): TaskUsage | null {
  if (usage === null || before === null || latest === null) return usage;
  return addUsage(usage, { inputTokens: 0, outputTokens: 0, costUsd: latest - before });
}
