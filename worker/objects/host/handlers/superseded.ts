import type { RunRef } from '../../../../shared/protocol/run-ref.ts';
import type { Origin } from '../lanes.ts';
import type { HandlerDeps } from './deps.ts';

/** The attempt is not this host's any more: forget it, and tell the host. */
export function superseded(deps: HandlerDeps, origin: Origin, run: RunRef): void {
  deps.runs.remove(run);
  if (origin.protocol === 1) {
    deps.abortStray(origin, run.taskId);
    return;
  }
  const { taskId, attempt } = run;
  deps.reply(origin, { type: 'task:settled', taskId, attempt, outcome: 'superseded' });
}
