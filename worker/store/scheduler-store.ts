import { z } from 'zod';
import type { ListTasks } from '../../shared/api/tasks.ts';
import { failureCodeSchema } from '../../shared/errors.ts';
import { MAX_PAGE_BYTES } from '../../shared/limits.ts';
import { isTerminal, TERMINAL_STATUSES } from '../../shared/task.ts';
import type { Staged } from '../domain/pool.ts';
import type { BodyPatch, Owed } from '../domain/pool-effects.ts';
import { type PoolHost, poolHostSchema } from '../domain/pool-host.ts';
import { isActive, type PoolTask, poolTaskSchema } from '../domain/pool-task.ts';
import type { StatusRecord, TaskBody } from '../rpc.ts';
import type { EndedCount } from '../rpc-figures.ts';
import { ApprovalRows } from './approval-rows.ts';
import {
  type OutcomeBody,
  outcomeBodySchema,
  owedSchema,
  patchOutcome,
  type RequestBody,
  requestBodySchema,
} from './scheduler-rows.ts';

const stateRow = z.object({ state: z.string() });
const bodyRow = z.object({ request: z.string().nullable(), outcome: z.string().nullable() });
const outcomeRow = bodyRow.pick({ outcome: true });
const numberRow = z.object({ value: z.number().nullable() });
const outboxRow = z.object({ id: z.number(), owed: z.string() });
const idempotencyRow = z.object({ task_id: z.string(), request_hash: z.string() });

const endedRow = z.object({
  status: z.enum(TERMINAL_STATUSES),
  code: z.union([failureCodeSchema, z.literal('').transform(() => null)]),
  count: z.int(),
});

/** A row of the outbox. */
export interface OwedRow {
  id: number;
  owed: Owed;
}

/** A task's body as it is kept here: its variables beside what clients may see. */
export type StoredBody = Partial<TaskBody> & Pick<RequestBody, 'env' | 'sealedEnv'>;

/** Rows ↔ types of SchedulerDO. Every method is synchronous: callers put them into transactions. */
export class SchedulerStore {
  readonly approvals: ApprovalRows;
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    this.approvals = new ApprovalRows(sql);
  }

  activeTasks(): PoolTask[] {
    const rows = this.#sql.exec('SELECT state FROM task WHERE finished_at IS NULL ORDER BY ord').toArray();
    return rows.map((row) => poolTaskSchema.parse(JSON.parse(stateRow.parse(row).state)));
  }

  hosts(): PoolHost[] {
    const rows = this.#sql.exec('SELECT state FROM host').toArray();
    return rows.map((row) => poolHostSchema.parse(JSON.parse(stateRow.parse(row).state)));
  }

  task(taskId: string): PoolTask | null {
    const [row] = this.#sql.exec('SELECT state FROM task WHERE id = ?', taskId).toArray();
    return row === undefined ? null : poolTaskSchema.parse(JSON.parse(stateRow.parse(row).state));
  }

  /** Newest first; ends early when the bodies of a page grow beyond `MAX_PAGE_BYTES`. */
  listTasks(query: ListTasks & { createdBy?: string }): {
    tasks: { task: PoolTask; body: StoredBody | null }[];
    nextCursor: string | null;
  } {
    const conditions = ['ord < ?'];
    const values: (string | number)[] = [query.cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(query.cursor)];
    if (query.status !== undefined) {
      conditions.push('status = ?');
      values.push(query.status);
      // Spares a walk over all that has ended: the index of active tasks will do.
      if (!isTerminal(query.status)) conditions.push('finished_at IS NULL');
    }
    if (query.hostId !== undefined) {
      conditions.push('host_id = ?');
      values.push(query.hostId);
    }
    if (query.createdBy !== undefined) {
      // As `task_scoped` has it.
      conditions.push("state ->> 'scope' IS NOT NULL", "state ->> 'createdBy' = ?");
      values.push(query.createdBy);
    }
    const where = conditions.join(' AND ');
    const rows = this.#sql.exec(
      `SELECT state FROM task WHERE ${where} ORDER BY ord DESC LIMIT ?`,
      ...values,
      query.limit + 1,
    );
    const tasks: { task: PoolTask; body: StoredBody | null }[] = [];
    let bytes = 0;
    for (const row of rows.toArray()) {
      const last = tasks.at(-1);
      if (last !== undefined && (tasks.length === query.limit || bytes >= MAX_PAGE_BYTES)) {
        return { tasks, nextCursor: String(last.task.order) };
      }
      const task = poolTaskSchema.parse(JSON.parse(stateRow.parse(row).state));
      const body = this.body(task.id);
      bytes += JSON.stringify(body).length;
      tasks.push({ task, body });
    }
    return { tasks, nextCursor: null };
  }

  insertBody(taskId: string, request: RequestBody): void {
    this.#sql.exec('INSERT INTO body (task_id, request) VALUES (?, ?)', taskId, JSON.stringify(request));
  }

  /** What of the body stands here: all of it until it is archived, after that only what came late. */
  body(taskId: string): StoredBody | null {
    const [row] = this.#sql.exec('SELECT request, outcome FROM body WHERE task_id = ?', taskId).toArray();
    if (row === undefined) return null;
    const { request, outcome } = bodyRow.parse(row);
    return {
      ...(request === null ? {} : requestBodySchema.parse(JSON.parse(request))),
      ...(outcome === null ? {} : outcomeBodySchema.parse(JSON.parse(outcome))),
    };
  }

  /** How the task ended, as text: what of a body may still change. Null when nothing of it stands here. */
  outcome(taskId: string): string | null {
    const [row] = this.#sql.exec('SELECT outcome FROM body WHERE task_id = ?', taskId).toArray();
    return row === undefined ? null : outcomeRow.parse(row).outcome;
  }

  /** The log object has it: only the small part stays. */
  dropBody(taskId: string): void {
    this.#sql.exec('DELETE FROM body WHERE task_id = ?', taskId);
  }

  /** Writes what a decision staged; answers the outbox rows that it made. */
  save(staged: Staged): OwedRow[] {
    for (const task of staged.tasks.values()) this.#putTask(task);
    for (const [taskId, patch] of staged.bodies) this.#patchBody(taskId, patch);
    for (const host of staged.hosts.values()) {
      this.#sql.exec('INSERT OR REPLACE INTO host VALUES (?, ?)', host.hostId, JSON.stringify(host));
    }
    for (const { taskId, approval } of staged.approvals) {
      if (approval === null) this.approvals.forget(taskId);
      else this.approvals.put(taskId, approval);
    }
    for (const owed of staged.owed) {
      // Its last status record is owed once in a task's life.
      if (owed.kind === 'status' && isTerminal(owed.record.status)) this.#countEnd(owed.record);
    }
    for (const hostId of staged.removedHosts) this.#sql.exec('DELETE FROM host WHERE host_id = ?', hostId);
    return staged.owed.map((owed) => {
      const row = this.#sql
        .exec('INSERT INTO outbox (owed) VALUES (?) RETURNING id AS value', JSON.stringify(owed))
        .one();
      return { id: numberRow.parse(row).value ?? 0, owed };
    });
  }

  outbox(): OwedRow[] {
    const rows = this.#sql
      .exec('SELECT id, owed FROM outbox ORDER BY id')
      .toArray()
      .map((row) => outboxRow.parse(row));
    return rows.map(({ id, owed }) => ({ id, owed: owedSchema.parse(JSON.parse(owed)) }));
  }

  settleOwed(ids: Iterable<number>): void {
    for (const id of ids) this.#sql.exec('DELETE FROM outbox WHERE id = ?', id);
  }

  findIdempotent(key: string, now: number): { taskId: string; requestHash: string } | null {
    const [row] = this.#sql
      .exec('SELECT task_id, request_hash FROM idempotency WHERE key = ? AND expires_at > ?', key, now)
      .toArray();
    if (row === undefined) return null;
    const { task_id, request_hash } = idempotencyRow.parse(row);
    return { taskId: task_id, requestHash: request_hash };
  }

  rememberKey(key: string, taskId: string, requestHash: string, expiresAt: number): void {
    this.#sql.exec('INSERT OR REPLACE INTO idempotency VALUES (?, ?, ?, ?)', key, taskId, requestHash, expiresAt);
  }

  ended(): EndedCount[] {
    const rows = this.#sql.exec('SELECT status, code, count FROM ended ORDER BY status, code').toArray();
    return rows.map((row) => endedRow.parse(row));
  }

  lastOrder(): number {
    return this.#number('SELECT MAX(ord) AS value FROM task') ?? 0;
  }

  /** When the oldest finished task finished, or null. */
  oldestFinish(): number | null {
    return this.#number('SELECT MIN(finished_at) AS value FROM task WHERE finished_at IS NOT NULL');
  }

  /** Removes at most `limit` tasks that finished before `moment`, and keys that have expired. */
  purge(moment: number, now: number, limit: number): void {
    const old = 'SELECT ord FROM task WHERE finished_at < ? ORDER BY finished_at LIMIT ?';
    this.#sql.exec(`DELETE FROM body WHERE task_id IN (SELECT id FROM task WHERE ord IN (${old}))`, moment, limit);
    this.#sql.exec(`DELETE FROM task WHERE ord IN (${old})`, moment, limit);
    this.#sql.exec('DELETE FROM idempotency WHERE expires_at <= ?', now);
  }

  meta(key: string): number | null {
    const [row] = this.#sql.exec('SELECT value FROM meta WHERE key = ?', key).toArray();
    return row === undefined ? null : numberRow.parse(row).value;
  }

  setMeta(key: string, value: number): void {
    this.#sql.exec('INSERT OR REPLACE INTO meta VALUES (?, ?)', key, value);
  }

  #number(query: string): number | null {
    return numberRow.parse(this.#sql.exec(query).one()).value;
  }

  #countEnd({ status, error }: StatusRecord): void {
    this.#sql.exec(
      'INSERT INTO ended VALUES (?, ?, 1) ON CONFLICT (status, code) DO UPDATE SET count = count + 1',
      status,
      error?.code ?? '',
    );
  }

  #putTask(task: PoolTask): void {
    this.#sql.exec(
      `INSERT INTO task VALUES (?1, ?2, ?3, ?4, ?5, ?6)
       ON CONFLICT (ord) DO UPDATE SET status = ?3, host_id = ?4, finished_at = ?5, state = ?6`,
      task.order,
      task.id,
      task.status,
      task.hostId ?? task.wantedHost ?? null,
      task.finishedAt ?? null,
      JSON.stringify(task),
    );
    if (!isActive(task) && task.envNames !== undefined) this.#forgetEnvironment(task.id);
  }

  /** Variables are only kept for as long as an agent may need them. */
  #forgetEnvironment(taskId: string): void {
    this.#sql.exec(
      `UPDATE body SET request = json_remove(request, '$.env', '$.sealedEnv')
       WHERE task_id = ? AND coalesce(json_extract(request, '$.env'), json_extract(request, '$.sealedEnv')) IS NOT NULL`,
      taskId,
    );
  }

  #patchBody(taskId: string, patch: BodyPatch): void {
    const stored = this.outcome(taskId);
    const before: OutcomeBody = stored === null ? {} : outcomeBodySchema.parse(JSON.parse(stored));
    this.#sql.exec(
      'INSERT INTO body (task_id, outcome) VALUES (?1, ?2) ON CONFLICT (task_id) DO UPDATE SET outcome = ?2',
      taskId,
      JSON.stringify(patchOutcome(before, patch)),
    );
  }
}
