import { MAX_BATCH_BYTES } from '../../shared/limits.ts';
import type { TaskJob } from './host-frames.ts';

/** What waits for the log goes in one append. Pure: no clock, no storage, no socket. */

/** Size of the frames in one append, in UTF-16 units: a few of the largest batches, far below the 32 MiB of a call. */
export const MAX_APPEND_SIZE = 8 * MAX_BATCH_BYTES;

export type EventsJob = Extract<TaskJob, { kind: 'events' }>;

/** A job that waits, and the connection that it came on. */
export interface Waiting {
  job: TaskJob;
  epoch: number;
}

function follows(last: EventsJob, next: TaskJob): next is EventsJob {
  if (next.kind !== 'events' || next.run.attempt !== last.run.attempt) return false;
  if (last.first === null || next.first === null) return last.first === next.first;
  return next.first === last.first + last.events.length;
}

/** How many jobs at the head of `queue` make one append; at least 1 for a queue that is not empty. */
export function appendable(queue: readonly Waiting[]): number {
  const [head] = queue;
  if (head?.job.kind !== 'events') return Math.min(queue.length, 1);
  let last = head.job;
  let size = last.size;
  let count = 1;
  for (let index = 1; index < queue.length; index += 1) {
    const next = queue[index];
    if (next === undefined || next.epoch !== head.epoch || !follows(last, next.job)) break;
    const { job } = next;
    if (size + job.size > MAX_APPEND_SIZE) break;
    last = job;
    size += job.size;
    count += 1;
  }
  return count;
}

/** One job for several that `appendable` counted. */
export function mergeEvents(jobs: readonly [EventsJob, ...EventsJob[]]): EventsJob {
  const [head] = jobs;
  if (jobs.length === 1) return head;
  return {
    ...head,
    events: jobs.flatMap((one) => one.events),
    size: jobs.reduce((sum, one) => sum + one.size, 0),
  };
}
