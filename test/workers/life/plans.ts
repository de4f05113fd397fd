import type { Means } from './cuts.ts';
import { type Cut, live, type Outcome, type Plan, stepNames } from './life.ts';

/** Dozens of lives side by side on a busy machine. */
export const LIVES_TIMEOUT_MS = 60_000;

export const PLANS: Plan[] = [
  { protocol: 2, first: 'task', ending: 'completed' },
  { protocol: 2, first: 'host', ending: 'aborted' },
  { protocol: 1, first: 'host', ending: 'failed' },
  { protocol: 1, first: 'task', ending: 'aborted' },
];

export const ALL: Means['targets'] = ['scheduler', 'host', 'log'];

/** The outcome of one life for each step after which it can be cut short, by the step's name. */
export async function outcomes(
  plan: Plan,
  timing: Cut['timing'],
  means: Means,
  seen: (outcome: Outcome) => Outcome = (outcome) => outcome,
): Promise<Record<string, Outcome>> {
  const lives = stepNames(plan).map(
    async (name, after) => [name, seen(await live(plan, { after, timing, means }))] as const,
  );
  return Object.fromEntries(await Promise.all(lives));
}

/** The same outcome after every step. */
export function always(plan: Plan, outcome: Outcome): Record<string, Outcome> {
  return Object.fromEntries(stepNames(plan).map((name) => [name, outcome]));
}
