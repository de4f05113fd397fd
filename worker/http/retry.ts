import { isMarked } from './errors.ts';

/** Calls to an object that was reset under our feet; a deploy moves an object within this time. */
const MAX_TRIES = 3;
const BASE_DELAY_MS = 50;

/**
 * Repeats a call that may be repeated, when the platform says that a repeat may succeed; jitter keeps callers apart.
 * `call` must take a fresh stub. An overloaded object is not asked again.
 */
export async function retrying<T>(call: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await call();
    } catch (error) {
      if (tries >= MAX_TRIES || !isMarked(error, 'retryable') || isMarked(error, 'overloaded')) throw error;
      const delay = BASE_DELAY_MS * 2 ** tries * Math.random();
      await new Promise<void>((resolve) => setTimeout(resolve, delay));
    }
  }
}
