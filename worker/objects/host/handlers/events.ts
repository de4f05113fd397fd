import type { EventsJob } from '../../../domain/host-coalesce.ts';
import type { AppendReply } from '../../../rpc.ts';
import type { RunRow } from '../../../store/host-runs-store.ts';
import type { LaneMemory, Origin } from '../lanes.ts';
import { reportApprovals } from './approvals.ts';
import type { HandlerDeps } from './deps.ts';
import { onStarted } from './started.ts';
import { superseded } from './superseded.ts';

/** Events on their way into the log; acknowledged only when they are stored there. */
export async function onEvents(deps: HandlerDeps, job: EventsJob, origin: Origin, memory: LaneMemory): Promise<void> {
  const row = deps.runs.held(job.run);
  if (row === null) return superseded(deps, origin, job.run);
  // An event proves that the attempt runs, whether or not its start was said.
  if (!row.started && !(await onStarted(deps, { run: job.run, sessionId: '' }, origin, memory))) return;
  const first = job.first ?? row.events + 1;
  try {
    const reply = await append(deps, job, row, first, origin, memory);
    if (job.first === null) {
      deps.runs.counted(row, row.epoch, reply.stored);
      return;
    }
    await reportApprovals(deps, job, origin);
    acknowledge(deps, job, first, reply, origin);
  } catch (error) {
    acknowledgeKnown(deps, job, origin);
    throw error;
  }
}

async function append(
  deps: HandlerDeps,
  job: EventsJob,
  row: RunRow,
  first: number,
  origin: Origin,
  memory: LaneMemory,
): Promise<AppendReply> {
  const { taskId, attempt } = job.run;
  // A version-2 host numbers its events itself; those of version 1 are counted here, afresh on every connection.
  const source = job.first === null ? row.epoch : 0;
  const { status } = memory;
  const batch = { attempt, hostId: deps.hostId(), source, first, events: job.events };
  const reply = await deps.persist(origin, () => deps.log(row.log).append({ taskId, status, batch, end: [] }));
  if (memory.status === status) memory.status = [];
  return reply;
}

function acknowledge(deps: HandlerDeps, job: EventsJob, first: number, reply: AppendReply, origin: Origin): void {
  const { taskId, attempt } = job.run;
  if (reply.closed && deps.runs.held(job.run) === null) {
    superseded(deps, origin, job.run);
    return;
  }
  // A closed log takes no more: the host may go on to its end, which gets its own answer.
  const seq = reply.closed ? first + job.events.length - 1 : reply.stored;
  deps.stored.set(job.run, seq);
  deps.reply(origin, { type: 'task:ack', taskId, attempt, seq });
}

/** Given up: a version-2 host sends again from what is stored. */
function acknowledgeKnown(deps: HandlerDeps, job: EventsJob, origin: Origin): void {
  const seq = deps.stored.get(job.run);
  if (job.first === null || seq === undefined) return;
  deps.reply(origin, { type: 'task:ack', taskId: job.run.taskId, attempt: job.run.attempt, seq });
}
