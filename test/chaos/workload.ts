import type { Api } from '../e2e/harness/api.ts';
import { sleep } from '../e2e/harness/wait.ts';
import { type Task, TERMINAL, taskSchema } from '../e2e/harness/wire.ts';
import type { Order } from './order.ts';
import { AGENT } from './site.ts';
import type { Assignment } from './tasks.ts';
import { followStream } from './watcher.ts';

/** Tasks that are kept under way: as many as there are slots, and some that wait. */
const OUTSTANDING = 9;
const POLL_MS = 250;
/** Of a task that asks for another attempt after a failure; as short as the other times of the run. */
const BACKOFF_MS = 500;
/** ms between two tries of a call that found no server. */
const RETRY_MS = 100;

export interface Handed {
  assignment: Assignment;
  id: string;
  /** As last seen. */
  task: Task;
  aborted: boolean;
  /** Numbers of the entries that its watcher saw, in their order. */
  watched: Promise<number[]> | null;
}

/** A client that hands out tasks and asks after them, whatever becomes of the server meanwhile. */
export class Workload {
  readonly handed: Handed[] = [];
  /** Answers that no client should get. */
  readonly complaints: string[] = [];
  readonly #api: Api;
  readonly #records: string;
  readonly #assignments: Iterator<Assignment>;
  readonly #stop = new AbortController();

  constructor(api: Api, records: string, assignments: readonly Assignment[]) {
    this.#api = api;
    this.#records = records;
    this.#assignments = assignments.values();
  }

  get unfinished(): Handed[] {
    return this.handed.filter(({ task }) => !TERMINAL.includes(task.status));
  }

  /** Keeps tasks under way until `stop`. */
  async run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const next = this.unfinished.length < OUTSTANDING ? this.#assignments.next() : undefined;
      if (next?.done === false) {
        await this.#hand(next.value);
      } else {
        await this.refresh();
        await sleep(POLL_MS);
      }
    }
  }

  /** No more tasks. */
  stop(): void {
    this.#stop.abort();
  }

  /** Asks after every unfinished task. */
  async refresh(): Promise<void> {
    await Promise.all(
      this.unfinished.map(async (handed) => {
        handed.task = await this.#api.task(handed.id).catch(() => handed.task);
      }),
    );
  }

  /** Until the server has said 201: the same key throughout, so that it is one task. */
  async #hand(assignment: Assignment): Promise<void> {
    const { label, lines, pauseMs, padding, exitCode, onHostLost, maxFailures, timeoutMs } = assignment;
    const order: Order = { label, lines, pauseMs, padding, exitCode, records: this.#records };
    const body = {
      agentType: AGENT,
      prompt: JSON.stringify(order),
      onHostLost,
      ...(maxFailures === 1 ? {} : { retry: { maxAttempts: maxFailures, backoffMs: BACKOFF_MS } }),
      ...(timeoutMs === null ? {} : { timeout: timeoutMs }),
    };
    const reply = await this.#answered(() =>
      this.#api.request('POST', '/api/tasks', { body, headers: { 'idempotency-key': label } }),
    );
    if (reply.status !== 201) {
      this.complaints.push(`${label} was answered ${reply.status}: ${JSON.stringify(reply.body)}`);
      return;
    }
    const task = taskSchema.parse(reply.body);
    const handed: Handed = { assignment, id: task.id, task, aborted: false, watched: null };
    if (assignment.watched) handed.watched = followStream(this.#api, task.id);
    this.handed.push(handed);
    if (assignment.abortAfterMs !== null) void this.#abort(handed, assignment.abortAfterMs);
  }

  async #abort(handed: Handed, afterMs: number): Promise<void> {
    await sleep(afterMs);
    handed.aborted = true;
    const { status } = await this.#answered(() => this.#api.request('POST', `/api/tasks/${handed.id}/abort`));
    // 409: it had ended before.
    if (status !== 202 && status !== 409) this.complaints.push(`abort of ${handed.assignment.label}: ${status}`);
  }

  /** The answer, once there is a server that gives one. */
  async #answered<Reply extends { status: number }>(call: () => Promise<Reply>): Promise<Reply> {
    for (;;) {
      const reply = await call().catch(() => null);
      if (reply !== null && reply.status < 500) return reply;
      await sleep(RETRY_MS);
    }
  }
}
