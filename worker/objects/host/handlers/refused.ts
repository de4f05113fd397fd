import type { TaskJob } from '../../../domain/host-frames.ts';
import type { Origin } from '../lanes.ts';
import type { HandlerDeps } from './deps.ts';

/** The host does not take the attempt: it goes back to the queue. */
export async function onRefused(
  deps: HandlerDeps,
  { run, reason, message }: Extract<TaskJob, { kind: 'refused' }>,
  origin: Origin,
): Promise<void> {
  const { taskId, attempt } = run;
  await deps.persist(origin, () =>
    deps.report(origin, (scheduler, connection) =>
      scheduler.taskRefused(connection, { taskId, attempt }, reason, message),
    ),
  );
  deps.runs.remove(run);
}
