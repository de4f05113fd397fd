import { z } from 'zod';
import { type Approval, approvalSchema } from '../../shared/approval.ts';
import { MAX_KEPT_APPROVALS } from '../../shared/limits.ts';

const stateRow = z.object({ state: z.string() });

/** Approvals of active tasks. Every method is synchronous: callers put them into transactions. */
export class ApprovalRows {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  get(taskId: string, id: string): Approval | null {
    const [row] = this.#sql.exec('SELECT state FROM approval WHERE task_id = ? AND id = ?', taskId, id).toArray();
    return row === undefined ? null : read(row);
  }

  /** Oldest first. */
  of(taskId: string): Approval[] {
    return this.#sql.exec('SELECT state FROM approval WHERE task_id = ? ORDER BY ord', taskId).toArray().map(read);
  }

  put(taskId: string, approval: Approval): void {
    this.#sql.exec(
      `INSERT INTO approval (task_id, id, state) VALUES (?1, ?2, ?3)
       ON CONFLICT (task_id, id) DO UPDATE SET state = ?3`,
      taskId,
      approval.id,
      JSON.stringify(approval),
    );
    this.#sql.exec(
      `DELETE FROM approval WHERE task_id = ?1 AND ord NOT IN
       (SELECT ord FROM approval WHERE task_id = ?1 ORDER BY ord DESC LIMIT ?2)`,
      taskId,
      MAX_KEPT_APPROVALS,
    );
  }

  forget(taskId: string): void {
    this.#sql.exec('DELETE FROM approval WHERE task_id = ?', taskId);
  }
}

function read(row: unknown): Approval {
  return approvalSchema.parse(JSON.parse(stateRow.parse(row).state));
}
