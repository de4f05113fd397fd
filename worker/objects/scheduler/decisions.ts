import { dispatch } from '../../domain/dispatch.ts';
import type { Pool } from '../../domain/pool.ts';
import type { Nudge } from '../../domain/pool-effects.ts';
import type { OwedRow, SchedulerStore } from '../../store/scheduler-store.ts';
import type { GroupCommit } from '../group-commit.ts';
import type { Outbox } from './outbox.ts';

export interface DecisionDeps {
  pool: Pool;
  store: SchedulerStore;
  group: GroupCommit;
  outbox: Outbox;
  now(): number;
  /** After the commit: have delivered what it owes, and arm the alarm. */
  perform(rows: readonly OwedRow[], nudges: readonly Nudge[]): void;
}

/**
 * Runs one decision: read → decide → dispatch what has become possible → store, all in one transaction; then the effects.
 * A decision that throws changes nothing, neither rows nor memory.
 */
export async function decide<T>(deps: DecisionDeps, command: (pool: Pool, now: number) => T): Promise<T> {
  const { pool, store, outbox } = deps;
  const { reply, rows, nudges, settled } = await deps.group.run(() => {
    try {
      const now = deps.now();
      const reply = command(pool, now);
      dispatch(pool, now);
      const staged = pool.staged();
      const settled = staged.settledInputs.flatMap(({ taskId, inputId }) => outbox.inputRows(taskId, inputId));
      store.settleOwed(settled);
      const rows = store.save(staged);
      pool.accept();
      return { reply, rows, nudges: staged.nudges, settled };
    } catch (error) {
      pool.rollback();
      throw error;
    }
  });
  for (const id of settled) outbox.remove(id);
  for (const row of rows) outbox.add(row);
  deps.perform(rows, nudges);
  return reply;
}
