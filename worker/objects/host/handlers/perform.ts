import type { TaskJob } from '../../../domain/host-frames.ts';
import type { LaneMemory, Origin } from '../lanes.ts';
import type { HandlerDeps } from './deps.ts';
import { onEnded } from './ended.ts';
import { onEvents } from './events.ts';
import { onInputAcked } from './input-acked.ts';
import { onRefused } from './refused.ts';
import { onStarted } from './started.ts';

/** Does one job of a task's lane. Never throws: a failing job breaks neither the object nor another task. */
export async function perform(deps: HandlerDeps, job: TaskJob, origin: Origin, memory: LaneMemory): Promise<void> {
  // A version-2 host sends again what was not answered on the connection that it has lost.
  if (origin.protocol === 2 && !deps.isNewest(origin)) return;
  try {
    await handle(deps, job, origin, memory);
  } catch (error) {
    const { taskId, attempt } = job.run;
    console.error(`host: ${job.kind} was not taken`, { taskId, attempt, error: String(error) });
  }
}

async function handle(deps: HandlerDeps, job: TaskJob, origin: Origin, memory: LaneMemory): Promise<void> {
  switch (job.kind) {
    case 'started':
      await onStarted(deps, job, origin, memory);
      return;
    case 'events':
      return onEvents(deps, job, origin, memory);
    case 'ended':
      return onEnded(deps, job, origin, memory);
    case 'refused':
      return onRefused(deps, job, origin);
    case 'input-acked':
      return onInputAcked(deps, job, origin);
  }
}

/** Nothing follows a start just now: its status records go to the log alone. SchedulerDO's outbox is the backup. */
export async function flush(deps: HandlerDeps, taskId: string, memory: LaneMemory): Promise<void> {
  const { status, log } = memory;
  memory.status = [];
  try {
    await deps.once(() => deps.log(log).append({ taskId, status, batch: null, end: [] }));
  } catch (error) {
    console.warn('host: status records are left to the outbox', { taskId, error: String(error) });
  }
}
