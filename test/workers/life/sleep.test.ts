import { describe, expect, it } from 'vitest';
import type { Means } from './cuts.ts';
import { type Cut, live } from './life.ts';
import { ALL, always, LIVES_TIMEOUT_MS, outcomes, PLANS } from './plans.ts';

const CUTS: { targets: Means['targets']; timing: Cut['timing'] }[] = [
  { targets: ['scheduler'], timing: 'at rest' },
  { targets: ['host'], timing: 'at rest' },
  { targets: ['log'], timing: 'at rest' },
  { targets: ALL, timing: 'at rest' },
  { targets: ALL, timing: 'in flight' },
];

describe.each(PLANS)('version $protocol, $first first, $ending', (plan) => {
  it.each(CUTS)(
    '[L1] [L3] [L11] an eviction of $targets between any two steps of a task’s life, $timing: nobody can tell',
    async ({ targets, timing }) => {
      const undisturbed = await live(plan);
      expect(undisturbed.task.status).toBe(plan.ending);
      expect(undisturbed.watched).toEqual({ socket: undisturbed.log, sse: undisturbed.log });
      expect(await outcomes(plan, timing, { how: 'sleep', targets })).toEqual(always(plan, undisturbed));
    },
    LIVES_TIMEOUT_MS,
  );
});
