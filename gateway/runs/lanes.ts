/** Runs jobs of the same key one after another, in the order in which they were given; other keys don't wait. */
export class Lanes {
  readonly #tails = new Map<string, Promise<unknown>>();

  /** Resolves or rejects as the job does; a job that fails does not stop the lane. */
  run<T>(key: string, job: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const mine = before.then(job, job);
    this.#tails.set(key, mine);
    const tidy = () => {
      if (this.#tails.get(key) === mine) this.#tails.delete(key);
    };
    mine.then(tidy, tidy);
    return mine;
  }

  /** Resolves when every job given so far has ended. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#tails.values());
  }
}
