/** Pure: no clock, no randomness, no I/O. Who is served next. */

/** A queue in which each waits once: who has been served goes to the end, so none starves beside a busy one. */
export class Turns<T> {
  readonly #waiting = new Set<T>();

  /** Keeps the place of one that waits already. */
  add(item: T): void {
    this.#waiting.add(item);
  }

  next(): T | null {
    for (const item of this.#waiting) {
      this.#waiting.delete(item);
      return item;
    }
    return null;
  }

  delete(item: T): void {
    this.#waiting.delete(item);
  }
}
