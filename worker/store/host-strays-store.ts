import { z } from 'zod';

/** A version-1 host that names more foreign tasks than this on one connection gets no further answers. */
const MAX_STRAYS = 1000;

/** Foreign tasks that the current version-1 connection was told to stop: once each. */
export class StraysStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Whether this connection has not been told yet. */
  add(taskId: string): boolean {
    const [row] = this.#sql.exec('SELECT count(*) AS strays FROM strays').toArray();
    if (z.object({ strays: z.int() }).parse(row).strays >= MAX_STRAYS) return false;
    return this.#sql.exec('INSERT OR IGNORE INTO strays VALUES (?)', taskId).rowsWritten > 0;
  }

  clear(): void {
    this.#sql.exec('DELETE FROM strays');
  }
}
