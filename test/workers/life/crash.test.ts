import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Means } from './cuts.ts';
import { type Cut, live, type Outcome } from './life.ts';
import { ALL, always, LIVES_TIMEOUT_MS, outcomes, PLANS } from './plans.ts';

beforeEach(() => {
  // Objects that are shot down complain.
  for (const level of ['warn', 'error'] as const) vi.spyOn(console, level).mockImplementation(() => {});
});

afterEach(() => {
  vi.restoreAllMocks();
});

interface Loss {
  how: 'close' | 'crash';
  targets: Means['targets'];
  timing: Cut['timing'];
}

const LOSSES: Loss[] = [
  { how: 'close', targets: ['host'], timing: 'at rest' },
  { how: 'close', targets: ['log'], timing: 'at rest' },
  { how: 'close', targets: ALL, timing: 'at rest' },
  { how: 'crash', targets: ALL, timing: 'at rest' },
  { how: 'crash', targets: ['scheduler'], timing: 'in flight' },
  { how: 'crash', targets: ['log'], timing: 'in flight' },
];

/** Version 1 acknowledges nothing: a frame that is lost with its socket is lost. */
const LOSSES_V2: Loss[] = [
  { how: 'close', targets: ALL, timing: 'in flight' },
  { how: 'crash', targets: ['host'], timing: 'in flight' },
  { how: 'crash', targets: ALL, timing: 'in flight' },
];

/** An aborted task ends with its host's connection: the host is told to stop again, and its end comes late. */
function whoeverEndsIt(outcome: Outcome): Outcome {
  const { lateAttempts: _, ...task } = outcome.task;
  const told = outcome.told.map((line) => line.replace(/^settled .*/, 'settled'));
  return { ...outcome, task, told: [...new Set(told)] };
}

/** An offer that is lost with its socket is made anew, under the next number. */
function howeverOften(outcome: Outcome): Outcome {
  const entries = (log: Outcome['log']): Outcome['log'] =>
    log
      .filter((entry) => !('status' in entry && (entry.status === 'queued' || entry.status === 'assigned')))
      .map((entry) => ({ ...entry, seq: 0, attempt: 1 }));
  return {
    task: { ...outcome.task, attempt: 1 },
    log: entries(outcome.log),
    watched: { socket: entries(outcome.watched.socket), sse: entries(outcome.watched.sse) },
    told: [...new Set(outcome.told.map((line) => line.replace(/^execute .*/, 'execute')))],
  };
}

describe.each(PLANS)('version $protocol, $first first, $ending', (plan) => {
  it.each(plan.protocol === 2 ? [...LOSSES, ...LOSSES_V2] : LOSSES)(
    '[L1] [L3] [L4] [L11] $how of $targets with their sockets between any two steps of a task’s life, $timing: the same end',
    async ({ how, targets, timing }) => {
      const mayLoseOffer = timing === 'in flight' && targets.includes('host');
      const seen = (outcome: Outcome): Outcome => {
        const ended = plan.ending === 'aborted' ? whoeverEndsIt(outcome) : outcome;
        return mayLoseOffer ? howeverOften(ended) : ended;
      };
      const undisturbed = seen(await live(plan));
      expect(await outcomes(plan, timing, { how, targets }, seen)).toEqual(always(plan, undisturbed));
    },
    LIVES_TIMEOUT_MS,
  );
});
