import type { TaskJob } from '../../../domain/host-frames.ts';
import type { Origin } from '../lanes.ts';
import type { HandlerDeps } from './deps.ts';

/** The host has the input, for good. */
export async function onInputAcked(
  deps: HandlerDeps,
  { run, inputId }: Extract<TaskJob, { kind: 'input-acked' }>,
  origin: Origin,
): Promise<void> {
  const { taskId, attempt } = run;
  await deps.persist(origin, () =>
    deps.report(origin, (scheduler, connection) => scheduler.inputAcked(connection, { taskId, attempt }, inputId)),
  );
}
