import { z } from 'zod';
import type { RunRef } from '../../shared/protocol/run-ref.ts';
import type { AssignedRun } from '../rpc.ts';

const runSchema = z
  .object({
    task_id: z.string(),
    attempt: z.int(),
    log: z.string(),
    epoch: z.int(),
    started: z.int().transform((flag) => flag === 1),
    events: z.int(),
    aborted_epoch: z.int(),
  })
  .transform(({ task_id, aborted_epoch, ...rest }) => ({ taskId: task_id, abortedEpoch: aborted_epoch, ...rest }));

/** One attempt that is this host's. */
export type RunRow = z.output<typeof runSchema>;

/** The run table: which attempts are this host's, and what was sent about them on which connection. */
export class RunsStore {
  readonly #storage: DurableObjectStorage;
  readonly #sql: SqlStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#sql = storage.sql;
  }

  get(taskId: string): RunRow | null {
    const [row] = this.#sql.exec('SELECT * FROM runs WHERE task_id = ?', taskId).toArray();
    return row === undefined ? null : runSchema.parse(row);
  }

  /** The row, if it is of this very attempt. */
  held(run: RunRef): RunRow | null {
    const row = this.get(run.taskId);
    return row?.attempt === run.attempt ? row : null;
  }

  /** A new attempt takes the place of an older one. */
  put(run: AssignedRun, epoch: number): void {
    this.forget(run.taskId);
    this.#insert(run, epoch);
  }

  #insert(run: AssignedRun, epoch: number): void {
    this.#sql.exec(
      'INSERT INTO runs (task_id, attempt, log, epoch) VALUES (?, ?, ?, ?)',
      run.taskId,
      run.attempt,
      run.log,
      epoch,
    );
  }

  /**
   * After a registration: the table holds exactly `assigned`, and what was executed on the connection of `epoch` since
   * it began to register. A new connection numbers version-1 events afresh. Returns the runs that it held and lost.
   */
  reconcile(assigned: readonly AssignedRun[], epoch: number): RunRef[] {
    return this.#storage.transactionSync(() => {
      const forgotten: RunRef[] = [];
      const kept = new Map(assigned.map((run) => [run.taskId, run]));
      const rows = z.array(runSchema).parse(this.#sql.exec('SELECT * FROM runs').toArray());
      for (const row of rows) {
        const run = kept.get(row.taskId);
        if (row.epoch === epoch && row.attempt >= (run?.attempt ?? 0)) kept.delete(row.taskId);
        else if (run?.attempt === row.attempt) {
          this.#sql.exec('UPDATE runs SET epoch = ?, events = 0 WHERE task_id = ?', epoch, row.taskId);
          kept.delete(row.taskId);
        } else {
          this.forget(row.taskId);
          forgotten.push(row);
        }
      }
      for (const run of kept.values()) this.#insert(run, epoch);
      return forgotten;
    });
  }

  /** What was sent on an older connection counts as sent on this one. */
  adopt(run: RunRef, epoch: number): void {
    this.#sql.exec(
      'UPDATE runs SET epoch = ?, events = 0 WHERE task_id = ? AND attempt = ? AND epoch < ?',
      epoch,
      run.taskId,
      run.attempt,
      epoch,
    );
  }

  started(run: RunRef): void {
    this.#sql.exec(
      'UPDATE runs SET started = 1 WHERE task_id = ? AND attempt = ? AND started = 0',
      run.taskId,
      run.attempt,
    );
  }

  /** Version-1 events up to this number of the row's epoch are stored. */
  counted(run: RunRef, epoch: number, events: number): void {
    this.#sql.exec(
      'UPDATE runs SET events = ? WHERE task_id = ? AND attempt = ? AND epoch = ?',
      events,
      run.taskId,
      run.attempt,
      epoch,
    );
  }

  aborted(run: RunRef, epoch: number): void {
    this.#sql.exec(
      'UPDATE runs SET aborted_epoch = ? WHERE task_id = ? AND attempt = ?',
      epoch,
      run.taskId,
      run.attempt,
    );
  }

  remove(run: RunRef): void {
    if (this.held(run) !== null) this.forget(run.taskId);
  }

  forget(taskId: string): void {
    this.#sql.exec('DELETE FROM inputs WHERE task_id = ?', taskId);
    this.#sql.exec('DELETE FROM runs WHERE task_id = ?', taskId);
  }

  /** The connection that this input was last sent on; 0 for none. */
  inputEpoch(taskId: string, inputId: string): number {
    const rows = this.#sql.exec('SELECT epoch FROM inputs WHERE task_id = ? AND input_id = ?', taskId, inputId);
    const [row] = rows.toArray();
    return row === undefined ? 0 : z.object({ epoch: z.int() }).parse(row).epoch;
  }

  inputSent(taskId: string, inputId: string, epoch: number): void {
    this.#sql.exec('INSERT OR REPLACE INTO inputs VALUES (?, ?, ?)', taskId, inputId, epoch);
  }
}
