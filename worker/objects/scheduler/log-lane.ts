import type { Owed } from '../../domain/pool-effects.ts';
import type { LogApi, StatusRecord, TaskBody } from '../../rpc.ts';
import { withDeadline } from '../../with-deadline.ts';
import type { Outbox } from './outbox.ts';

/** Bodies on their way together: they share a commit there, and even the largest stay far below an object's memory. */
const ARCHIVES_AT_ONCE = 16;

export interface LogLaneDeps {
  outbox: Outbox;
  /** A stub of the log object, fresh for every attempt: after a reset an old one stays broken. */
  log(): Pick<LogApi, 'appendStatus' | 'archive'>;
  /** The task's body as it stands here now. */
  body(taskId: string): Partial<TaskBody> | null;
  /** The part of it that may still grow, as text. */
  outcome(taskId: string): string | null;
  /** These rows are done; the bodies of `archived` stand in the log object, each with the outcome that it had then. */
  settle(rows: number[], archived: Archived): Promise<void>;
}

/** Tasks whose bodies stand in the log object, and with which outcome. */
export type Archived = ReadonlyMap<string, string | null>;

async function archive(taskIds: string[], log: Pick<LogApi, 'archive'>, deps: LogLaneDeps): Promise<Archived> {
  const archived = new Map<string, string | null>();
  for (let from = 0; from < taskIds.length; from += ARCHIVES_AT_ONCE) {
    const send = async (taskId: string): Promise<void> => {
      const body = deps.body(taskId);
      if (body === null) return;
      const outcome = deps.outcome(taskId);
      await withDeadline(() => log.archive(taskId, body));
      archived.set(taskId, outcome);
    };
    await Promise.all(taskIds.slice(from, from + ARCHIVES_AT_ONCE).map(send));
  }
  return archived;
}

/**
 * Delivers a group of rows that are owed to one log object: status records in one call, then bodies. Rejects when the log
 * holds a record back: it lacks an earlier one, which comes again before it.
 */
export async function sendToLog(rows: number[], deps: LogLaneDeps): Promise<void> {
  const owed = rows.flatMap((id) => {
    const item = deps.outbox.get(id);
    return item === undefined ? [] : [{ id, item }];
  });
  const byTask = new Map<string, StatusRecord[]>();
  for (const { item } of owed) {
    if (item.kind === 'status') byTask.set(item.taskId, [...(byTask.get(item.taskId) ?? []), item.record]);
  }
  const log = deps.log();
  const batches = [...byTask].map(([taskId, status]) => ({ taskId, status }));
  const held = batches.length === 0 ? {} : await withDeadline(() => log.appendStatus(batches));
  const isStored = (item: Owed): boolean => item.kind !== 'status' || item.record.rev <= (held[item.taskId] ?? 0);

  const toArchive = new Set(owed.flatMap(({ item }) => (item.kind === 'archive' ? [item.taskId] : [])));
  const archived = await archive([...toArchive], log, deps);
  const stored = owed.filter(({ item }) => isStored(item)).map(({ id }) => id);
  await deps.settle(stored, archived);
  if (stored.length < owed.length) throw new Error(`the log holds back ${owed.length - stored.length} status records`);
}
