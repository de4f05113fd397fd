/** Pure: no clock, no randomness, no storage, no network. */

/** One minute: what the rate limits of the platform count by, too. */
export const WINDOW_MS = 60_000;
/** Keys that are counted at a time; each is an address or a token. Beyond it those of past windows go, then those within their share. */
const MAX_KEYS = 10_000;

interface Window {
  until: number;
  count: number;
}

/** Counts by key in windows of a minute that begin with the first call. */
export class RateWindows {
  readonly #most: number;
  readonly #windows = new Map<string, Window>();

  /** `most`: calls of one key within a window. */
  constructor(most: number) {
    this.#most = most;
  }

  /** ms until the key may come again; 0 when it is within its limit, and counted. */
  take(key: string, now: number): number {
    const known = this.#windows.get(key);
    if (known === undefined || known.until <= now) {
      this.#makeRoom(now);
      this.#windows.set(key, { until: now + WINDOW_MS, count: 1 });
      return 0;
    }
    if (known.count >= this.#most) return known.until - now;
    known.count += 1;
    return 0;
  }

  /** Keys that are counted just now. */
  get size(): number {
    return this.#windows.size;
  }

  /** Who has used up its share is forgotten last: else whoever has many addresses frees one. */
  #makeRoom(now: number): void {
    if (this.#windows.size < MAX_KEYS) return;
    const drop = (isSpare: (window: Window) => boolean) => {
      for (const [key, window] of this.#windows) if (isSpare(window)) this.#windows.delete(key);
    };
    drop(({ until }) => until <= now);
    if (this.#windows.size >= MAX_KEYS) drop(({ count }) => count < this.#most);
    if (this.#windows.size >= MAX_KEYS) this.#windows.clear();
  }
}
