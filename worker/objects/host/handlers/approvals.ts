import { approvalNoteOf } from '../../../../shared/approval.ts';
import type { EventsJob } from '../../../domain/host-coalesce.ts';
import type { Origin } from '../lanes.ts';
import type { HandlerDeps } from './deps.ts';

/** Tells SchedulerDO what the events say of approvals. Before they are acknowledged: the host sends them again until it is told. */
export async function reportApprovals(deps: HandlerDeps, { run, events }: EventsJob, origin: Origin): Promise<void> {
  const notes = events.flatMap((event) => approvalNoteOf(event) ?? []);
  if (notes.length === 0) return;
  const { taskId, attempt } = run;
  // Nobody to answer to: the answer of the next frame says so.
  await deps.persist(origin, () =>
    deps.report(origin, (scheduler, connection) => scheduler.approvalsNoted(connection, { taskId, attempt }, notes)),
  );
}
