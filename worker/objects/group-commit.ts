/** The part of a Durable Object's storage that commits. */
export type CommitStorage = Pick<DurableObjectStorage, 'transactionSync' | 'sync'>;

interface Item {
  work: () => void;
  settle: () => void;
  fail: (error: unknown) => void;
}

/**
 * Group commit: what arrives while a commit is on its way to the disk is committed together with what came beside it.
 * Nothing in flight: at once. Each piece of work runs in a savepoint of its own, so that a bad one fails alone.
 */
export class GroupCommit {
  readonly #storage: CommitStorage;
  #waiting: Item[] = [];
  #flushing = false;

  constructor(storage: CommitStorage) {
    this.#storage = storage;
  }

  /**
   * Runs `work` (synchronous; reads and writes SQL) in the next group and resolves with its value once that is durable.
   * Rejects with what `work` threw, its writes undone; memory must therefore change only as the last step of `work`.
   */
  run<T>(work: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let settle = (): void => {};
      this.#waiting.push({
        work: () => {
          try {
            const value = this.#storage.transactionSync(work);
            settle = () => resolve(value);
          } catch (error) {
            settle = () => reject(error);
          }
        },
        settle: () => settle(),
        fail: reject,
      });
      if (!this.#flushing) void this.#flush();
    });
  }

  async #flush(): Promise<void> {
    this.#flushing = true;
    try {
      while (this.#waiting.length > 0) {
        const group = this.#waiting;
        this.#waiting = [];
        for (const item of group) item.work();
        await this.#sync(group);
      }
    } finally {
      this.#flushing = false;
    }
  }

  async #sync(group: readonly Item[]): Promise<void> {
    try {
      await this.#storage.sync();
    } catch (error) {
      // Nobody knows what is on disk; the runtime resets the object.
      for (const item of group) item.fail(error);
      return;
    }
    for (const item of group) item.settle();
  }
}
