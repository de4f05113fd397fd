/** Pure: no clock, no randomness, no I/O. For how long an agent has given no sign of life. */
import { identityKey, type ProcessEntry } from './run-processes.ts';

/** Share of one processor below which a run counts as doing nothing: timers and garbage collection of a waiting agent use less. */
const WORKING_SHARE = 0.02;
/** A look that comes later than this many periods was late itself (a stopped or starved machine): the rest is not held against the agent. */
const LATE_PERIODS = 2;

export interface IdleState {
  /** ms without a sign of life. */
  quietMs: number;
  /** ms, monotonic. */
  lookedAt: number;
  /** Processor time (ms) of each process of the run at that look. */
  cpu: ReadonlyMap<string, number>;
}

export interface IdleLook {
  /** ms, monotonic. */
  now: number;
  /** ms since the agent last put something out. */
  outputQuietMs: number;
  processes: readonly ProcessEntry[];
  /** ms between two looks, as they are meant to be. */
  periodMs: number;
}

/** Before the first look. */
export function idleFrom(now: number): IdleState {
  return { quietMs: 0, lookedAt: now, cpu: new Map() };
}

/** Output is a sign of life, and so is processor time of any process of the run. */
export function lookAgain(state: IdleState, look: IdleLook): IdleState {
  const { now, outputQuietMs, processes, periodMs } = look;
  const cpu = new Map(processes.map((entry) => [identityKey(entry), entry.cpuMs]));
  const elapsed = now - state.lookedAt;
  const used = [...cpu].reduce((sum, [key, ms]) => sum + Math.max(0, ms - (state.cpu.get(key) ?? 0)), 0);
  const held = state.quietMs + Math.min(elapsed, LATE_PERIODS * periodMs);
  const quietMs = used >= elapsed * WORKING_SHARE ? 0 : Math.min(held, outputQuietMs);
  return { quietMs, lookedAt: now, cpu };
}
