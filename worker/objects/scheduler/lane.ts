/** First and longest wait after a failed call; an object that was reset is back within the first. */
const FIRST_RETRY_MS = 200;
const LONGEST_RETRY_MS = 30_000;

export interface LaneDeps<T> {
  /** Most items that one call takes. */
  batch: number;
  /** Delivers them, in bounded time; rejects when it is not known that all arrived: they are delivered again. */
  send(items: T[]): Promise<void>;
  /** The lane waits until `at`: have `run` called then. */
  retryAt(at: number): void;
  now(): number;
  describe: string;
}

/** What is owed to one target object, delivered in order, at least once, by one call at a time. */
export class Lane<T> {
  readonly #deps: LaneDeps<T>;
  #items: T[] = [];
  #isRunning = false;
  #failures = 0;
  #waitsUntil: number | null = null;

  constructor(deps: LaneDeps<T>) {
    this.#deps = deps;
  }

  get isIdle(): boolean {
    return this.#items.length === 0 && !this.#isRunning;
  }

  /** The last delivery failed. */
  get isFailing(): boolean {
    return this.#failures > 0;
  }

  /** When a failed delivery is tried again; null when none waits. */
  get nextRetry(): number | null {
    return this.#waitsUntil;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** Delivers what is there, unless it is being delivered already or waits after a failure. */
  async run(): Promise<void> {
    if (this.#isRunning || (this.#waitsUntil !== null && this.#deps.now() < this.#waitsUntil)) return;
    this.#isRunning = true;
    this.#waitsUntil = null;
    try {
      while (this.#items.length > 0) {
        const batch = this.#items.slice(0, this.#deps.batch);
        await this.#deps.send(batch);
        this.#items.splice(0, batch.length);
        this.#failures = 0;
      }
    } catch (error) {
      const wait = Math.min(FIRST_RETRY_MS * 2 ** this.#failures, LONGEST_RETRY_MS);
      this.#failures += 1;
      this.#waitsUntil = this.#deps.now() + wait;
      console.warn(JSON.stringify({ event: 'delivery_failed', to: this.#deps.describe, error: String(error), wait }));
      this.#deps.retryAt(this.#waitsUntil);
    } finally {
      this.#isRunning = false;
    }
  }
}
