/** Which tasks are handed out. Pure: the same seed always gives the same tasks. */
import fc from 'fast-check';

export interface Assignment {
  label: string;
  lines: number;
  pauseMs: number;
  padding: number;
  exitCode: number;
  onHostLost: 'requeue' | 'wait' | 'fail';
  /** Attempts that may fail by the agent's own doing. */
  maxFailures: number;
  /** ms; null for the server's own. */
  timeoutMs: number | null;
  /** ms after it was accepted; null for never. */
  abortAfterMs: number | null;
  /** Somebody follows its stream. */
  watched: boolean;
}

/** `rare` once in `times`, else `usual`. */
function rarely<T>(times: number, rare: fc.Arbitrary<T>, usual: T): fc.Arbitrary<T> {
  return fc.oneof({ weight: 1, arbitrary: rare }, { weight: times - 1, arbitrary: fc.constant(usual) });
}

const assignment = fc.noBias(
  fc.record({
    lines: fc.integer({ min: 1, max: 1_000 }),
    pauseMs: fc.integer({ min: 5, max: 40 }),
    padding: rarely(10, fc.integer({ min: 1_000, max: 5_000 }), 0),
    exitCode: rarely(8, fc.constant(3), 0),
    onHostLost: rarely<Assignment['onHostLost']>(5, fc.constantFrom('wait', 'fail'), 'requeue'),
    maxFailures: rarely(3, fc.integer({ min: 2, max: 3 }), 1),
    timeoutMs: rarely<number | null>(20, fc.integer({ min: 500, max: 2_000 }), null),
    abortAfterMs: rarely<number | null>(12, fc.integer({ min: 0, max: 4_000 }), null),
    watched: rarely(4, fc.constant(true), false),
  }),
);

export function drawTasks(seed: number, count: number): Assignment[] {
  return fc
    .sample(assignment, { seed, numRuns: count })
    .map((each, index) => ({ label: `task-${index + 1}`, ...each }));
}
