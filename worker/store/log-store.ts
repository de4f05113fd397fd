import { z } from 'zod';
import { partialBodySchema, piecesOf } from '../domain/log-body.ts';
import type { LogHead } from '../domain/log-head.ts';
import type { LogSummary } from '../domain/log-retention.ts';
import type { LogRow } from '../domain/log-row.ts';
import type { TaskBody } from '../rpc.ts';
import { keyOf, keysOf } from './log-keys.ts';
import { entryRowSchema, summaryRowSchema, taskRowSchema } from './log-rows.ts';

/** A task as the store knows it; `task` is its number there. */
export interface StoredLog {
  task: number;
  head: LogHead;
}

/**
 * Where logs are kept: everything that LogDO asks of its storage. All calls are synchronous and take effect together
 * with those around them. Reads may see what is not durable yet: the object's output waits for it.
 */
export interface LogStore {
  find(taskId: string): StoredLog | null;
  /** Gives the task a number. */
  create(taskId: string, head: LogHead): StoredLog;
  append(log: StoredLog, rows: readonly LogRow[]): void;
  /** Rows with entries after `after`, in order, read as they are taken; take them without an `await` between. */
  rows(task: number, after: number): Iterable<LogRow>;
  putBody(task: number, body: Partial<TaskBody>): void;
  getBody(task: number): Partial<TaskBody> | null;
  summary(): LogSummary;
}

/** One row of a body, bytes: below the 2 MB that SQLite storage takes, and a body is mostly one row. */
const MAX_PIECE_BYTES = 1024 * 1024;

/** `LogStore` on a Durable Object's SQLite; `LOG_MIGRATIONS` must have run. */
export class SqlLogStore implements LogStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  find(taskId: string): StoredLog | null {
    const [row] = this.#sql.exec('SELECT * FROM tasks WHERE task_id = ?', taskId).toArray();
    return row === undefined ? null : taskRowSchema.parse(row);
  }

  create(taskId: string, head: LogHead): StoredLog {
    const row = this.#sql
      .exec(
        `INSERT INTO tasks (task_id, last_seq, rev, attempt, running, acked, bytes, is_full, terminal_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
        taskId,
        ...headColumns(head),
      )
      .one();
    return { task: z.int().parse(row.id), head };
  }

  append({ task, head }: StoredLog, rows: readonly LogRow[]): void {
    for (const row of rows) {
      const numbering = row.kind === 'events' ? [row.source, row.firstN] : [null, null];
      this.#sql.exec(
        `INSERT INTO entries (id, kind, count, at, attempt, host_id, source, first_n, body)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        keyOf(task, row.first),
        row.kind,
        row.count,
        row.at,
        row.attempt,
        row.hostId,
        ...numbering,
        row.body,
      );
    }
    this.#sql.exec(
      `UPDATE tasks SET last_seq = ?, rev = ?, attempt = ?, running = ?, acked = ?, bytes = ?, is_full = ?, terminal_at = ?
       WHERE id = ?`,
      ...headColumns(head),
      task,
    );
  }

  *rows(task: number, after: number): Iterable<LogRow> {
    const [from, to] = keysOf(task);
    // The row that holds entry after + 1 may begin before it.
    const cursor = this.#sql.exec(
      `SELECT * FROM entries
       WHERE id >= coalesce((SELECT max(id) FROM entries WHERE id >= ?1 AND id <= ?2), ?2) AND id < ?3
       ORDER BY id`,
      from,
      keyOf(task, after + 1),
      to,
    );
    for (const row of cursor) {
      const parsed = entryRowSchema.parse(row);
      if (parsed.first + parsed.count - 1 > after) yield parsed;
    }
  }

  putBody(task: number, body: Partial<TaskBody>): void {
    const [from, to] = keysOf(task);
    this.#sql.exec('DELETE FROM bodies WHERE id >= ? AND id < ?', from, to);
    for (const [index, piece] of piecesOf(JSON.stringify(body), MAX_PIECE_BYTES).entries()) {
      this.#sql.exec('INSERT INTO bodies (id, piece) VALUES (?, ?)', keyOf(task, index), piece);
    }
  }

  getBody(task: number): Partial<TaskBody> | null {
    const [from, to] = keysOf(task);
    const rows = this.#sql.exec('SELECT piece FROM bodies WHERE id >= ? AND id < ? ORDER BY id', from, to).toArray();
    if (rows.length === 0) return null;
    const text = z
      .array(z.object({ piece: z.string() }))
      .parse(rows)
      .map(({ piece }) => piece);
    return partialBodySchema.parse(JSON.parse(text.join('')));
  }

  summary(): LogSummary {
    const row = this.#sql
      .exec('SELECT count(*) AS tasks, count(*) - count(terminal_at) AS open, max(terminal_at) AS last FROM tasks')
      .one();
    return summaryRowSchema.parse(row);
  }
}

function headColumns(head: LogHead): (string | number | null)[] {
  const { lastSeq, rev, attempt, running, acked, bytes, full, terminalAt } = head;
  return [lastSeq, rev, attempt, running ? 1 : 0, JSON.stringify(acked), bytes, full ? 1 : 0, terminalAt];
}
