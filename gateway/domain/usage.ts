/** Pure: no clock, no randomness, no storage, no network. */
import type { TaskUsage } from '../../shared/task.ts';

/** A number as it may be stored, whatever an agent printed. */
function storable(amount: number): number {
  return Number.isNaN(amount) ? 0 : Math.min(Math.max(0, amount), Number.MAX_SAFE_INTEGER);
}

/** Both counts together. What only one of them says is taken from it. */
export function addUsage(before: TaskUsage | null, more: TaskUsage): TaskUsage {
  const sum = (name: keyof TaskUsage) => storable((before?.[name] ?? 0) + (more[name] ?? 0));
  const tokens = (name: keyof TaskUsage) => Math.round(sum(name));
  const says = (name: keyof TaskUsage) => before?.[name] !== undefined || more[name] !== undefined;
  return {
    inputTokens: tokens('inputTokens'),
    outputTokens: tokens('outputTokens'),
    ...(says('cachedInputTokens') ? { cachedInputTokens: tokens('cachedInputTokens') } : {}),
    ...(says('reasoningTokens') ? { reasoningTokens: tokens('reasoningTokens') } : {}),
    ...(says('costUsd') ? { costUsd: sum('costUsd') } : {}),
  };
}
