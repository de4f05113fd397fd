/** Lets a loop sleep until something happens. A `set` while nobody waits is kept for the next `wait`. */
export class Wake {
  #set = false;
  #resume: (() => void) | null = null;

  set(): void {
    this.#set = true;
    this.#resume?.();
  }

  /** Resolves on the next `set`: true; or after `timeoutMs`: false. For one waiter at a time. */
  async wait(timeoutMs?: number): Promise<boolean> {
    if (!this.#set) {
      await new Promise<void>((resolve) => {
        const timer = timeoutMs === undefined ? undefined : setTimeout(resolve, timeoutMs);
        this.#resume = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#resume = null;
    }
    const woken = this.#set;
    this.#set = false;
    return woken;
  }
}
