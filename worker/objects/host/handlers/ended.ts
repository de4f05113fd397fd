import type { TaskJob } from '../../../domain/host-frames.ts';
import type { EndedReply } from '../../../rpc.ts';
import type { LaneMemory, Origin } from '../lanes.ts';
import type { HandlerDeps } from './deps.ts';

export type EndedJob = Extract<TaskJob, { kind: 'ended' }>;

/** How long a version-2 host waits before it sends its result again, ms. */
const RETRY_AFTER_MS = 1_000;

/** The attempt has ended. Version 2 gets a typed answer and sends again until then; a version-1 result is kept here. */
export async function onEnded(deps: HandlerDeps, job: EndedJob, origin: Origin, memory: LaneMemory): Promise<void> {
  try {
    if (!(await eventsAreStored(deps, job, origin))) return answerRetry(deps, job, origin);
    const reply = await deps.once(() =>
      deps.report(origin, (scheduler, connection) => scheduler.taskEnded(connection, refOf(job), job.end)),
    );
    await commit(deps, job, reply, memory);
    settle(deps, job, origin, reply);
  } catch (error) {
    if (origin.protocol === 1) deps.postponeEnd(job.run);
    else answerRetry(deps, job, origin);
    throw error;
  }
}

function refOf({ run: { taskId, attempt } }: EndedJob): { taskId: string; attempt: number } {
  return { taskId, attempt };
}

/** Rule 7: the end is committed only after every earlier event is stored. Version 1 is kept in order by the lane. */
async function eventsAreStored(deps: HandlerDeps, job: EndedJob, origin: Origin): Promise<boolean> {
  if (job.log === null || job.seq === null || job.seq === 0) return true;
  const log = job.log;
  const stored = deps.stored.get(job.run) ?? (await deps.once(() => deps.log(log).ackedSeq(refOf(job))));
  if (stored >= job.seq) return true;
  const { taskId, attempt } = job.run;
  const { closed } = await deps.once(() => deps.log(log).append({ taskId, status: [], batch: null, end: [] }));
  if (closed) return true;
  deps.reply(origin, { type: 'task:ack', taskId, attempt, seq: stored });
  return false;
}

/** Committed is committed: when the log cannot be reached, SchedulerDO's outbox brings the end there. */
async function commit(deps: HandlerDeps, job: EndedJob, reply: EndedReply, memory: LaneMemory): Promise<void> {
  const { log } = job;
  if (reply.kind !== 'committed' || log === null || reply.entries.length === 0) return;
  const { taskId } = job.run;
  const request = { taskId, status: memory.status, batch: null, end: reply.entries };
  memory.status = [];
  try {
    await deps.once(() => deps.log(log).append(request));
  } catch (error) {
    console.warn('host: an end is left to the outbox', { taskId, error: String(error) });
  }
}

function settle(deps: HandlerDeps, job: EndedJob, origin: Origin, reply: EndedReply): void {
  const { taskId, attempt } = job.run;
  deps.runs.remove(job.run);
  if (origin.protocol === 1) {
    deps.settleEnd(job.run);
    return;
  }
  const reason = reply.kind === 'rejected' ? { reason: reply.reason } : {};
  deps.reply(origin, { type: 'task:settled', taskId, attempt, outcome: reply.kind, ...reason });
}

function answerRetry(deps: HandlerDeps, { run: { taskId, attempt } }: EndedJob, origin: Origin): void {
  deps.reply(origin, { type: 'task:settled', taskId, attempt, outcome: 'retry', retryAfter: RETRY_AFTER_MS });
}
