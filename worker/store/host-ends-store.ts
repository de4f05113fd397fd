import { z } from 'zod';
import { failureCodeSchema } from '../../shared/errors.ts';
import type { RunRef } from '../../shared/protocol/run-ref.ts';
import { taskResultSchema } from '../../shared/task.ts';
import type { AssignedRun, AttemptEnd } from '../rpc.ts';

const endSchema: z.ZodType<AttemptEnd> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('completed'), result: taskResultSchema }),
  z.object({
    kind: z.literal('failed'),
    code: failureCodeSchema.optional(),
    error: z.string(),
    details: z.unknown().optional(),
    result: taskResultSchema.optional(),
  }),
]);

const rowSchema = z
  .object({ task_id: z.string(), attempt: z.int(), log: z.string(), body: z.string() })
  .transform(({ task_id, body, ...rest }) => ({ taskId: task_id, end: endSchema.parse(JSON.parse(body)), ...rest }));

/** A version-1 result that SchedulerDO has not answered yet. */
export type KeptEnd = z.output<typeof rowSchema>;

/** Results read at once: each may be as large as a frame. */
const PAGE = 8;

/** Version-1 results on their way: a version-1 host does not send one again. */
export class EndsStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** The first result of an attempt stands. `due`: ms, when to try if nobody has settled it by then. */
  keep(run: AssignedRun, end: AttemptEnd, due: number): void {
    this.#sql.exec(
      'INSERT OR IGNORE INTO ends VALUES (?, ?, ?, ?, 0, ?)',
      run.taskId,
      run.attempt,
      run.log,
      JSON.stringify(end),
      due,
    );
  }

  /** Those due, oldest first, a page at a time. */
  due(now: number): KeptEnd[] {
    const rows = this.#sql.exec(
      'SELECT task_id, attempt, log, body FROM ends WHERE due <= ? ORDER BY due LIMIT ?',
      now,
      PAGE,
    );
    return z.array(rowSchema).parse(rows.toArray());
  }

  /** ms; null when nothing is kept. */
  nextDue(): number | null {
    const [row] = this.#sql.exec('SELECT min(due) AS due FROM ends').toArray();
    return z.object({ due: z.int().nullable() }).parse(row).due;
  }

  /** How often it has failed; 0 for an unknown one. */
  tries(run: RunRef): number {
    const rows = this.#sql.exec('SELECT tries FROM ends WHERE task_id = ? AND attempt = ?', run.taskId, run.attempt);
    const [row] = rows.toArray();
    return row === undefined ? 0 : z.object({ tries: z.int() }).parse(row).tries;
  }

  postpone(run: RunRef, tries: number, due: number): void {
    this.#sql.exec(
      'UPDATE ends SET tries = ?, due = ? WHERE task_id = ? AND attempt = ?',
      tries,
      due,
      run.taskId,
      run.attempt,
    );
  }

  /** Somebody is at it: not before `due`. */
  defer(run: RunRef, due: number): void {
    this.#sql.exec('UPDATE ends SET due = ? WHERE task_id = ? AND attempt = ?', due, run.taskId, run.attempt);
  }

  settle(run: RunRef): void {
    this.#sql.exec('DELETE FROM ends WHERE task_id = ? AND attempt = ?', run.taskId, run.attempt);
  }
}
