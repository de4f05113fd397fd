import type { HeldRun } from '../../../domain/host-frames.ts';
import type { LaneMemory, Origin } from '../lanes.ts';
import type { HandlerDeps } from './deps.ts';
import { superseded } from './superseded.ts';

export interface Started {
  run: HeldRun;
  sessionId: string;
}

/**
 * The host runs the attempt. Returns false when the attempt is not its own any more. The answer's status records go to
 * the log ahead of the first events.
 */
export async function onStarted(
  deps: HandlerDeps,
  { run, sessionId }: Started,
  origin: Origin,
  memory: LaneMemory,
): Promise<boolean> {
  const { taskId, attempt } = run;
  const reply = await deps.persist(origin, () =>
    deps.report(origin, (scheduler, connection) => scheduler.taskStarted(connection, { taskId, attempt }, sessionId)),
  );
  if (reply.kind === 'superseded') {
    superseded(deps, origin, run);
    return false;
  }
  deps.runs.started(run);
  memory.status = reply.entries;
  memory.log = run.log;
  return true;
}
