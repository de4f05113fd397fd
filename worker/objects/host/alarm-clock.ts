/** The object's one alarm. Moved only forward in time by firing: heartbeats never touch it. */
export class AlarmClock {
  readonly #storage: DurableObjectStorage;
  #armed: number | null = null;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  /** Learns what is armed from before; to be awaited before the first use. */
  async load(): Promise<void> {
    this.#armed = await this.#storage.getAlarm();
  }

  /** The alarm has fired: none is armed. */
  fired(): void {
    this.#armed = null;
  }

  /** Wakes the object at `at` (ms) at the latest. */
  by(at: number): void {
    if (this.#armed !== null && this.#armed <= at) return;
    this.#armed = at;
    // The write is in the storage's buffer at once; the output gate waits for it.
    void this.#storage.setAlarm(at);
  }
}
