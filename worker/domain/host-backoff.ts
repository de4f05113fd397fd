/** Delays between the tries of a call to another object. Pure: randomness is passed in. */

const FIRST_MS = 50;
/** A reset object is back within a second; a restarting one within a few. */
const LONGEST_MS = 5_000;

/** ms before try `tries + 1`, after `tries` failures (at least 1); `random` from 0 to 1 spreads them by ±25 %. */
export function callBackoff(tries: number, random: number): number {
  const base = Math.min(FIRST_MS * 2 ** (tries - 1), LONGEST_MS);
  return Math.round(base * (0.75 + random * 0.5));
}

const FIRST_END_MS = 1_000;
const LONGEST_END_MS = 60_000;

/** ms before a kept version-1 result is tried again, after `tries` failures (at least 1). */
export function endBackoff(tries: number): number {
  return Math.min(FIRST_END_MS * 2 ** Math.min(tries - 1, 10), LONGEST_END_MS);
}

/** Tries of a kept result, about an hour in all; SchedulerDO's own deadlines end the task if it stays away longer. */
export const MAX_END_TRIES = 60;
