import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { RunRef } from '../../shared/protocol/run-ref.ts';
import type { TaskExecute } from '../../shared/protocol/task-execute.ts';
import { admit, meantAttempt } from '../domain/admission.ts';
import { overlap, workspaceName } from '../domain/workspace.ts';
import { log } from '../logger.ts';
import { canBeKept, takesInput } from '../policy/agent-table.ts';
import type { AllowedTask, Refusal } from '../policy/check-task.ts';
import { bootId } from '../process/identity.ts';
import { isFullDisk } from './durable.ts';
import type { ControlLine, RunRequest, SettledFile } from './files.ts';
import { LocalRun } from './local-run.ts';
import { createRun, runPath } from './run-directory.ts';
import { stopSupervisor } from './run-state.ts';
import { RunStore } from './run-store.ts';
import { SettledRuns } from './settled-runs.ts';
import { superviseRun } from './supervise.ts';
import type { WarmAgents } from './warm-agents.ts';
import { agentKind } from './warm-files.ts';

/** ms before a run whose directory could not be read or written is tried again: a full disk, perhaps. */
const RETRY_MS = 5_000;
/** Random bytes would do; a UUID is readable in a process list. */
const newMark = () => randomUUID();

export interface RunManagerDeps {
  stateDir: string;
  maxConcurrent: number;
  /** The owner's command for a new work tree. */
  setup: RunRequest['setup'];
  /** Whether and how long agents are kept after a task; null: they are not. */
  keepWarm: NonNullable<RunRequest['keepWarm']> | null;
  /** The agents that are kept now. */
  warm: WarmAgents;
  /** The owner's rules. */
  check(task: TaskExecute['task']): Promise<AllowedTask | Refusal>;
  /** Limits in force now. */
  limits(): { taskTimeout: number; maxRetries: number };
  /** ms since the epoch. */
  now(): number;
  /** A run has something new for the server, perhaps. */
  onChange(run: LocalRun): void;
}

export type ExecuteAnswer = { kind: 'accepted'; run: LocalRun } | Refusal | { kind: 'settled' };

/** Starts, follows, aborts and forgets runs. Knows no connection: what is owed to the server is the uploader's matter. */
export class RunManager {
  readonly store = new RunStore();
  readonly kept: SettledRuns;
  draining = false;
  readonly #deps: RunManagerDeps;
  readonly #stop = new AbortController();
  readonly #following = new Map<LocalRun, Promise<void>>();

  constructor(deps: RunManagerDeps) {
    this.#deps = deps;
    this.kept = new SettledRuns(deps.stateDir, deps.now);
  }

  /** Takes a run on disk into care: its supervisor is looked after until it has a result. */
  adopt(run: LocalRun, isHandedOver = false): LocalRun {
    this.store.add(run);
    this.#following.set(run, this.#follow(run, isHandedOver));
    return run;
  }

  /**
   * Accepts or refuses a task. Once accepted it is durable, and its supervisor is on its way. Calls for the same task must
   * not overlap.
   */
  async execute({ task, attempt: asked }: TaskExecute): Promise<ExecuteAnswer> {
    const ref: RunRef = { taskId: task.taskId, attempt: meantAttempt(task.taskId, asked, this.store.known()) };
    const known = this.store.get(ref);
    if (known !== undefined) return known.owed === 'nothing' ? { kind: 'settled' } : { kind: 'accepted', run: known };
    if (asked !== undefined && this.store.wasSettled(ref)) return { kind: 'settled' };
    // The server may not know yet that a run has not quite ended.
    if (task.sessionId !== undefined && this.store.active().some((run) => run.session === task.sessionId))
      return { kind: 'refused', reason: 'full', message: 'another run of this host is still in that session' };
    const verdict = await this.#deps.check(task);
    if (verdict.kind === 'refused') return verdict;
    // Nothing is awaited between this decision and the slot being taken.
    const runs = this.store.known();
    const active = runs.filter((run) => run.active).length;
    const unsettled = runs.filter((run) => run.unsettled).length;
    const admission = admit(
      { active, unsettled },
      { maxConcurrent: this.#deps.maxConcurrent, draining: this.draining },
    );
    if (admission.kind === 'refused') return admission;
    const giveBack = this.store.reserve(ref);
    try {
      const { stateDir, warm } = this.#deps;
      const request = await this.#request(ref, verdict);
      const mark = request.keepWarm === undefined ? null : await warm.claim(agentKind(request), runPath(stateDir, ref));
      const directory = await createRun(stateDir, mark === null ? request : { ...request, mark });
      return { kind: 'accepted', run: this.adopt(new LocalRun(directory), mark !== null) };
    } catch (error) {
      log.error('task {taskId} could not be stored: {error}', { ...ref, error: String(error) });
      // Room comes back by itself; a directory that cannot be written needs its owner.
      if (isFullDisk(error)) {
        await this.kept.clear();
        return { kind: 'refused', reason: 'full', message: 'the disk of this host is full' };
      }
      return { kind: 'refused', reason: 'unavailable', message: 'this host cannot store the task' };
    } finally {
      giveBack();
    }
  }

  /** Ends the agent and all it started; harmless when it has ended. */
  async abort(run: LocalRun, reason: Extract<ControlLine, { kind: 'abort' }>['reason']): Promise<void> {
    if (run.result !== null) return;
    run.abortRequested = true;
    try {
      await run.directory.appendControl({ kind: 'abort', id: `${reason}-${run.key}`, reason });
    } catch (error) {
      // A disk that takes nothing must not keep an agent alive; the reason is lost on this way.
      if (await stopSupervisor(run.directory)) return;
      // Whose directory is gone is ended for that, by its supervisor and by whoever follows it.
      if (await run.directory.exists()) throw error;
    }
  }

  /** Hands text to the agent; the same id reaches it once. Does nothing for an agent that takes none or has ended. */
  async input(run: LocalRun, id: string, content: string): Promise<void> {
    const { request } = run.directory;
    if (run.result !== null || request === null || !takesInput(request.agent)) return;
    await run.directory.appendControl({ kind: 'input', id, content });
  }

  /** Tells an interactive agent that nothing more will be sent to it. */
  async finish(run: LocalRun, id: string): Promise<void> {
    if (run.result === null) await run.directory.appendControl({ kind: 'finish', id });
  }

  /** Hands the agent the answer to what it has asked; the same id reaches it once. */
  async answer(run: LocalRun, line: Omit<Extract<ControlLine, { kind: 'approval' }>, 'kind'>): Promise<void> {
    if (run.result === null) await run.directory.appendControl({ kind: 'approval', ...line });
  }

  /** Nothing is owed any more: durable when it resolves. Later, what still runs has ended and the directory is put aside. */
  async settle(run: LocalRun, outcome: SettledFile['outcome']): Promise<void> {
    if (run.owed === 'nothing') return;
    run.owed = 'nothing';
    try {
      await run.directory.writeSettled({ outcome, settledAt: this.#deps.now() });
    } finally {
      // Where that cannot be kept, the server says it once more after a crash.
      this.forget(run);
    }
  }

  /** For a settled run: ends its agent if it still runs, then puts the directory aside; by and by, nobody waits for it. */
  forget(run: LocalRun): void {
    run.owed = 'nothing';
    this.#remove(run).catch((error: unknown) =>
      log.error('cannot put run {taskId}.{attempt} aside: {error}; the next start tries again', {
        ...run.ref,
        error: String(error),
      }),
    );
  }

  async #remove(run: LocalRun): Promise<void> {
    await this.abort(run, 'superseded').catch((error: unknown) =>
      log.error('run {taskId}.{attempt} could not be told to end: {error}', { ...run.ref, error: String(error) }),
    );
    await this.#following.get(run);
    if (this.#stop.signal.aborted) return;
    await this.kept.keep(run.directory);
    this.#drop(run);
  }

  /** Resolves when no agent runs any more. */
  async idle(): Promise<void> {
    await Promise.all(this.store.active().map((run) => this.#following.get(run)));
  }

  /** Stops following; agents and supervisors go on. */
  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled(this.#following.values());
  }

  #drop(run: LocalRun): void {
    this.#following.delete(run);
    this.store.remove(run);
    void run.close();
  }

  async #request(
    ref: RunRef,
    { task, agent, env, secretNames, rules, wrap, maxTimeoutMs }: AllowedTask,
  ): Promise<RunRequest> {
    const { keepWarm, setup } = this.#deps;
    const neighbours = task.workspace === undefined ? this.#neighboursOf(task.cwd) : 0;
    const { taskTimeout, maxRetries } = this.#deps.limits();
    return {
      ...ref,
      task,
      agent,
      env,
      secretNames,
      rules: [...rules],
      wrap: wrap && [...wrap],
      mark: newMark(),
      timeoutMs: Math.min(task.timeout ?? taskTimeout, maxTimeoutMs ?? Number.POSITIVE_INFINITY),
      ...(keepWarm === null || !canBeKept(agent) || task.workspace !== undefined ? {} : { keepWarm }),
      ...(setup === undefined ? {} : { setup }),
      ...(neighbours === 0 ? {} : { neighbours }),
      spawnRetries: maxRetries,
      createdAt: this.#deps.now(),
      bootId: await bootId(),
    };
  }

  /** Work trees that a run is in, or may yet be. */
  worktreesInUse(): ReadonlySet<string> {
    const requests = this.store.active().map(({ directory }) => directory.request);
    return new Set(requests.flatMap((request) => (request === null ? [] : (workspaceName(request) ?? []))));
  }

  /** Runs that are at work in that directory itself. */
  #neighboursOf(cwd: string): number {
    const tasks = this.store.active().map(({ directory }) => directory.request?.task);
    return tasks.filter((task) => task !== undefined && task.workspace === undefined && overlap(task.cwd, cwd)).length;
  }

  /** Never rejects. */
  async #follow(run: LocalRun, isHandedOver: boolean): Promise<void> {
    const { signal } = this.#stop;
    const onActivity = () => this.#deps.onChange(run);
    const onSession = (sessionId: string) => {
      if (run.sessionId === sessionId) return;
      run.sessionId = sessionId;
      onActivity();
    };
    const onDamage = (why: string) => run.complain(why);
    while (!signal.aborted && run.result === null) {
      try {
        const result = await superviseRun(
          run.directory,
          { onActivity, onSession, onDamage, now: this.#deps.now },
          signal,
          { isHandedOver },
        );
        if (result === null) return;
        run.sessionId = (await run.directory.session()) ?? run.sessionId;
        // As it was returned: a directory that takes no file does not hold it.
        run.result = result;
      } catch (error) {
        log.error('run {taskId}.{attempt}: {error}; trying again', { ...run.ref, error: String(error) });
        await delay(RETRY_MS, undefined, { signal }).catch(() => {});
      }
    }
    if (run.result === null) return;
    const { success, exitCode } = run.result.result;
    log.info('task {taskId} ended: {outcome}', {
      ...run.ref,
      outcome: success ? 'success' : (run.result.error?.code ?? 'failure'),
      ...(exitCode === undefined ? {} : { exitCode }),
    });
    this.#deps.onChange(run);
  }
}
