import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addUsage } from '../../../../gateway/domain/usage.ts';
import { taskUsageSchema } from '../../../../shared/task.ts';

describe('what an agent took', () => {
  it('is summed; what only one count says is taken from it', () => {
    const first = { inputTokens: 100, outputTokens: 20, cachedInputTokens: 5 };
    const second = { inputTokens: 10, outputTokens: 2, costUsd: 0.5 };
    expect(addUsage(null, first)).toEqual(first);
    expect(addUsage(first, second)).toEqual({
      inputTokens: 110,
      outputTokens: 22,
      cachedInputTokens: 5,
      costUsd: 0.5,
    });
  });

  it('can be stored, whatever was printed', () => {
    const number = fc.double();
    const count = fc.record(
      {
        inputTokens: number,
        outputTokens: number,
        cachedInputTokens: number,
        reasoningTokens: number,
        costUsd: number,
      },
      { requiredKeys: ['inputTokens', 'outputTokens'] },
    );
    fc.assert(
      fc.property(count, count, (a, b) => {
        expect(taskUsageSchema.safeParse(addUsage(addUsage(null, a), b)).success).toBe(true);
      }),
    );
  });
});
