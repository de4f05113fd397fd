import type { Owed } from '../../domain/pool-effects.ts';
import type { StatusRecord } from '../../rpc.ts';
import type { OwedRow } from '../../store/scheduler-store.ts';

/** The rows of the outbox that are not settled, in memory: changed only after the commit that made or removed them. */
export class Outbox {
  readonly #rows = new Map<number, Owed>();
  readonly #status = new Map<string, Map<number, StatusRecord>>();
  readonly #inputs = new Map<string, Map<number, string>>();

  add(row: OwedRow): void {
    this.#rows.set(row.id, row.owed);
    if (row.owed.kind === 'status') indexOf(this.#status, row.owed.taskId).set(row.id, row.owed.record);
    if (row.owed.kind === 'input') indexOf(this.#inputs, row.owed.run.taskId).set(row.id, row.owed.inputId);
  }

  remove(id: number): void {
    const owed = this.#rows.get(id);
    this.#rows.delete(id);
    if (owed?.kind === 'status') dropFrom(this.#status, owed.taskId, id);
    if (owed?.kind === 'input') dropFrom(this.#inputs, owed.run.taskId, id);
  }

  get(id: number): Owed | undefined {
    return this.#rows.get(id);
  }

  /** Status records of the task that are not known to be in its log, in order. */
  statusOf(taskId: string): StatusRecord[] {
    return [...(this.#status.get(taskId)?.values() ?? [])].sort((a, b) => a.rev - b.rev);
  }

  /** Inputs owed to the host that wait for it to come back or to acknowledge them, in order. */
  parkedInputs(hostId: string): number[] {
    const isOwed = (id: number): boolean => {
      const owed = this.#rows.get(id);
      return owed?.kind === 'input' && owed.hostId === hostId;
    };
    const ids = [...this.#inputs.values()].flatMap((inputs) => [...inputs.keys()]);
    return ids.filter(isOwed).sort((a, b) => a - b);
  }

  /** Rows of the task's inputs, of one or of all. */
  inputRows(taskId: string, inputId?: string): number[] {
    const inputs = [...(this.#inputs.get(taskId) ?? [])];
    return inputs.filter(([, owedId]) => inputId === undefined || owedId === inputId).map(([id]) => id);
  }
}

function indexOf<V>(index: Map<string, Map<number, V>>, key: string): Map<number, V> {
  const rows = index.get(key) ?? new Map<number, V>();
  index.set(key, rows);
  return rows;
}

function dropFrom<V>(index: Map<string, Map<number, V>>, key: string, id: number): void {
  const rows = index.get(key);
  rows?.delete(id);
  if (rows?.size === 0) index.delete(key);
}
