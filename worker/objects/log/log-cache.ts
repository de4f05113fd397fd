import type { LogStore, StoredLog } from '../../store/log-store.ts';

/** Logs whose heads are kept in memory; some 300 bytes each, of the 128 MB that objects share. */
const MAX_CACHED_LOGS = 5000;

/** Heads of the logs used last, read from the store on demand. */
export class LogCache {
  readonly #store: LogStore;
  readonly #capacity: number;
  /** In order of last use: a `Map` keeps the order of insertion. */
  readonly #logs = new Map<string, StoredLog>();

  constructor(store: LogStore, capacity: number = MAX_CACHED_LOGS) {
    this.#store = store;
    this.#capacity = capacity;
  }

  /** The log as last written; null for a task that the store has not seen. */
  get(taskId: string): StoredLog | null {
    const log = this.#logs.get(taskId) ?? this.#store.find(taskId);
    if (log !== null) this.put(taskId, log);
    return log;
  }

  /** Call it only once the store has taken the same: as the last step of the write. */
  put(taskId: string, log: StoredLog): void {
    this.#logs.delete(taskId);
    this.#logs.set(taskId, log);
    if (this.#logs.size <= this.#capacity) return;
    const [oldest] = this.#logs.keys();
    if (oldest !== undefined) this.#logs.delete(oldest);
  }
}
