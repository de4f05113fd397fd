import type { RunRef } from '../../../shared/protocol/run-ref.ts';
import { appendable, type EventsJob, mergeEvents } from '../../domain/host-coalesce.ts';
import type { TaskJob } from '../../domain/host-frames.ts';
import type { StatusRecord } from '../../rpc.ts';

/** Where a job came from. `ws` is null for a kept result that is tried again. */
export interface Origin {
  ws: WebSocket | null;
  epoch: number;
  protocol: 1 | 2;
}

/** What a task's lane remembers between its jobs, while it has any. */
export interface LaneMemory {
  /** Status records to hand to the log ahead of what is appended next. */
  status: StatusRecord[];
  /** The log that they belong to; empty while there are none. */
  log: string;
}

/** Does one job; must not throw. */
export type Perform = (job: TaskJob, origin: Origin, memory: LaneMemory) => Promise<void>;
/** The queue is empty: writes what `memory` still holds. Must not throw. */
export type Flush = (taskId: string, memory: LaneMemory) => Promise<void>;

interface Entry {
  job: TaskJob;
  origin: Origin;
  epoch: number;
  done: () => void;
}

interface Lane extends LaneMemory {
  queue: Entry[];
}

function isEvents(job: TaskJob): job is EventsJob {
  return job.kind === 'events';
}

/**
 * One queue per task, never per socket: a task whose log is slow holds up nobody else (rule 8). What waits behind an
 * append goes in the next one together.
 */
export class Lanes {
  readonly #perform: Perform;
  readonly #flush: Flush;
  readonly #lanes = new Map<string, Lane>();

  constructor(perform: Perform, flush: Flush) {
    this.#perform = perform;
    this.#flush = flush;
  }

  /** Resolves when the job is done, whatever came of it. */
  push(job: TaskJob, origin: Origin): Promise<void> {
    return new Promise((done) => {
      const entry: Entry = { job, origin, epoch: origin.epoch, done };
      const { taskId } = job.run;
      const lane = this.#lanes.get(taskId);
      if (lane !== undefined) {
        lane.queue.push(entry);
        return;
      }
      const fresh: Lane = { queue: [entry], status: [], log: '' };
      this.#lanes.set(taskId, fresh);
      void this.#run(taskId, fresh);
    });
  }

  /** Whether a job of this attempt's end waits or is being done. */
  ending({ taskId, attempt }: RunRef): boolean {
    const queue = this.#lanes.get(taskId)?.queue ?? [];
    return queue.some(({ job }) => job.kind === 'ended' && job.run.attempt === attempt);
  }

  async #run(taskId: string, lane: Lane): Promise<void> {
    while (lane.queue.length > 0) {
      const group = lane.queue.slice(0, appendable(lane.queue));
      const [first] = group;
      if (first === undefined) break;
      await this.#perform(merged(first, group), first.origin, lane);
      lane.queue.splice(0, group.length);
      if (lane.queue.length === 0 && lane.status.length > 0) await this.#flush(taskId, lane);
      for (const entry of group) entry.done();
    }
    this.#lanes.delete(taskId);
  }
}

function merged(first: Entry, group: readonly Entry[]): TaskJob {
  if (!isEvents(first.job)) return first.job;
  const rest = group.slice(1).flatMap(({ job }) => (isEvents(job) ? [job] : []));
  return mergeEvents([first.job, ...rest]);
}
