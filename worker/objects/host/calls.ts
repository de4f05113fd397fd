import { callBackoff } from '../../domain/host-backoff.ts';
import { withDeadline } from '../../with-deadline.ts';

/** With its delays about 40 s: longer than any restart. */
export const MAX_CALL_TRIES = 14;

/** Time and chance, so that tests can rule them. */
export interface Clock {
  now(): number;
  random(): number;
  sleep(ms: number): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  random: () => Math.random(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

/**
 * Calls until it answers, with growing delays. `goOn(tries)` is asked after each failure; when it says no, the last
 * error is thrown. `call` must make a new stub each time: after a reset the old one stays broken.
 */
export async function callUntil<T>(
  call: () => Promise<T>,
  goOn: (tries: number) => boolean,
  clock: Pick<Clock, 'random' | 'sleep'>,
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await withDeadline(call);
    } catch (error) {
      if (!goOn(tries)) throw error;
      await clock.sleep(callBackoff(tries, clock.random()));
    }
  }
}
