import { randomUUID } from 'node:crypto';
import type { Registered } from '../../shared/protocol/registered.ts';
import { reconcile } from '../domain/reconcile.ts';
import { log } from '../logger.ts';
import { Uploader } from '../output/uploader.ts';
import type { Lanes } from '../runs/lanes.ts';
import type { LocalRun } from '../runs/local-run.ts';
import type { RunManager } from '../runs/run-manager.ts';
import type { DownHandlers } from './dispatch.ts';
import type { SessionWork } from './session.ts';
import type { Uplink } from './uplink.ts';

export interface TaskWorkDeps {
  manager: RunManager;
  /** One lane a task: execute, abort and input of one task don't overtake each other. */
  lanes: Lanes;
  /** ms, monotonic. */
  now(): number;
}

/** The tasks of one registered connection: carries out what the server says, uploads what it is owed. */
export class TaskWork implements SessionWork {
  readonly #uplink: Uplink;
  readonly #deps: TaskWorkDeps;
  readonly #uploader: Uploader;

  constructor(uplink: Uplink, deps: TaskWorkDeps) {
    this.#uplink = uplink;
    this.#deps = deps;
    this.#uploader = new Uploader(uplink, {
      now: deps.now,
      settle: (run, outcome, reason) => {
        const level = outcome === 'rejected' ? 'error' : 'info';
        log[level]('task {taskId} settled: {outcome}', {
          ...run.ref,
          outcome,
          ...(reason === undefined ? {} : { reason }),
        });
        this.#background(run.ref.taskId, () => deps.manager.settle(run, outcome));
      },
    });
  }

  /** Applies the server's verdicts, then uploads until `end`. */
  start(registered: Registered): void {
    const { manager } = this.#deps;
    const verdicts = 'runs' in registered ? registered.runs : [];
    for (const action of reconcile(manager.store.owed(), verdicts)) {
      const { run } = action;
      if (action.do === 'forget') {
        log.info('task {taskId} was settled before', { ...run.ref });
        this.#background(run.ref.taskId, () => manager.settle(run, 'superseded'));
        continue;
      }
      if (action.do === 'stop') {
        run.owed = 'end';
        this.#background(run.ref.taskId, () => manager.abort(run, 'superseded'));
      }
      this.#uploader.add(run, action);
    }
    this.#uploader.run().catch((error: unknown) => log.error('uploading ended: {error}', { error: String(error) }));
  }

  /** A run may have something new for the server. */
  changed(run: LocalRun): void {
    this.#uploader.changed(run);
  }

  execute(message: Parameters<DownHandlers['execute']>[0]): void {
    const { taskId } = message.task;
    this.#background(taskId, async () => {
      const answer = await this.#deps.manager.execute(message);
      if (answer.kind === 'settled') return;
      if (answer.kind === 'accepted') {
        const { run } = answer;
        log.info('task {taskId} accepted', { ...run.ref, agent: message.task.agentType });
        this.#uploader.add(run, { ackedSeq: 0 });
        // A version-1 server knows one run a task: an earlier one that is still ending must not speak for this one.
        if (message.attempt === undefined) await this.#silenceOthers(run);
        return;
      }
      const { reason, message: error } = answer;
      log.warn('task {taskId} refused: {error}', { taskId, reason, error });
      if (this.#uplink.protocol === 2 && message.attempt !== undefined)
        this.#uplink.send({ type: 'task:refused', taskId, attempt: message.attempt, reason, message: error });
      else this.#uplink.send({ type: 'task:failed', taskId, error: `refused (${reason}): ${error}` });
    });
  }

  abort({ taskId, attempt }: Parameters<DownHandlers['abort']>[0]): void {
    this.#background(taskId, async () => {
      for (const run of this.#runsOf(taskId, attempt)) {
        log.info('task {taskId} is being aborted', { ...run.ref });
        await this.#deps.manager.abort(run, 'abort');
      }
    });
  }

  input({ taskId, attempt, content, inputId }: Parameters<DownHandlers['input']>[0]): void {
    this.#background(taskId, async () => {
      for (const run of this.#runsOf(taskId, attempt))
        await this.#deps.manager.input(run, inputId ?? randomUUID(), content);
      this.#acknowledge(taskId, attempt, inputId);
    });
  }

  finish({ taskId, attempt, inputId }: Parameters<DownHandlers['finish']>[0]): void {
    this.#background(taskId, async () => {
      for (const run of this.#runsOf(taskId, attempt)) await this.#deps.manager.finish(run, inputId);
      this.#acknowledge(taskId, attempt, inputId);
    });
  }

  approvalDecided(message: Parameters<DownHandlers['approvalDecided']>[0]): void {
    const { taskId, attempt, approvalId, decision, inputId } = message;
    this.#background(taskId, async () => {
      for (const run of this.#runsOf(taskId, attempt))
        await this.#deps.manager.answer(run, { id: inputId, approvalId, decision });
      this.#acknowledge(taskId, attempt, inputId);
    });
  }

  ack(message: Parameters<DownHandlers['ack']>[0]): void {
    this.#uploader.ack(message, message.seq);
  }

  settled(message: Parameters<DownHandlers['settled']>[0]): void {
    this.#uploader.settled(message);
  }

  end(): void {
    this.#uploader.stop();
  }

  /** A version-1 server gives no ids, and awaits no word. */
  #acknowledge(taskId: string, attempt: number | undefined, inputId: string | undefined): void {
    if (this.#uplink.protocol === 2 && attempt !== undefined && inputId !== undefined)
      this.#uplink.send({ type: 'input:ack', taskId, attempt, inputId });
  }

  #runsOf(taskId: string, attempt: number | undefined): LocalRun[] {
    const running = this.#deps.manager.store.active().filter((run) => run.owed !== 'nothing');
    return running.filter(({ ref }) => ref.taskId === taskId && (attempt === undefined || ref.attempt === attempt));
  }

  async #silenceOthers(current: LocalRun): Promise<void> {
    const { manager } = this.#deps;
    const others = manager.store.owed().filter((run) => run !== current && run.ref.taskId === current.ref.taskId);
    for (const run of others) {
      this.#uploader.remove(run);
      void manager.settle(run, 'superseded').catch(logFailure(run.ref.taskId));
    }
  }

  /** Nothing that goes wrong with one task may end the daemon or another task. */
  #background(taskId: string, job: () => Promise<void>): void {
    this.#deps.lanes.run(taskId, job).catch(logFailure(taskId));
  }
}

function logFailure(taskId: string) {
  return (error: unknown) => log.error('task {taskId}: {error}', { taskId, error: String(error) });
}
