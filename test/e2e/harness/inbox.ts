import { DEADLINE_MS } from './wait.ts';

interface Waiter {
  check(): boolean;
  fail(error: Error): void;
}

/** What arrived on a connection: everything is kept in `all`, and each item is taken at most once. */
export class Inbox<T> {
  readonly all: T[] = [];
  readonly #fresh: T[] = [];
  readonly #waiters = new Set<Waiter>();
  #ended: string | undefined;

  push(item: T): void {
    this.all.push(item);
    this.#fresh.push(item);
    for (const waiter of [...this.#waiters]) waiter.check();
  }

  /** Nothing more will come: whoever still waits is told why. */
  end(reason: string): void {
    this.#ended ??= reason;
    for (const waiter of [...this.#waiters]) waiter.fail(new Error(reason));
  }

  /** Takes the first untaken item that matches, waiting for it if need be; others stay. */
  take<S extends T>(what: string, match: (item: T) => item is S, deadlineMs?: number): Promise<S>;
  take(what: string, match: (item: T) => boolean, deadlineMs?: number): Promise<T>;
  take(what: string, match: (item: T) => boolean, deadlineMs = DEADLINE_MS): Promise<T> {
    return new Promise((resolve, reject) => {
      const attempt = (): boolean => {
        const index = this.#fresh.findIndex(match);
        const item = this.#fresh[index];
        if (index < 0 || item === undefined) return false;
        this.#fresh.splice(index, 1);
        resolve(item);
        return true;
      };
      if (attempt()) return;
      if (this.#ended !== undefined) {
        reject(new Error(`${what}: ${this.#ended}`));
        return;
      }
      const done = () => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
      };
      const waiter: Waiter = {
        check: () => {
          const found = attempt();
          if (found) done();
          return found;
        },
        fail: (error) => {
          done();
          reject(new Error(`${what}: ${error.message}`));
        },
      };
      const timer = setTimeout(
        () => waiter.fail(new Error(`not within ${deadlineMs} ms; got ${JSON.stringify(this.all.slice(-10))}`)),
        deadlineMs,
      );
      this.#waiters.add(waiter);
    });
  }

  /** Items that nobody took yet. */
  get untaken(): readonly T[] {
    return this.#fresh;
  }
}
