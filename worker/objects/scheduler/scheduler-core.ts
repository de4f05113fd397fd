import { DAY_MS } from '../../../shared/clock.ts';
import type { RunRef } from '../../../shared/protocol/run-ref.ts';
import type { ServerSettings } from '../../../shared/settings.ts';
import type { TaskRequest } from '../../../shared/task.ts';
import { executeAnswered, hostDisconnected } from '../../domain/commands/host-link.ts';
import { variablesUnreadable } from '../../domain/commands/variables-unreadable.ts';
import { agentNameOn } from '../../domain/placement.ts';
import { Pool } from '../../domain/pool.ts';
import type { Nudge, Owed } from '../../domain/pool-effects.ts';
import type { PoolTask } from '../../domain/pool-task.ts';
import type { Env } from '../../env.ts';
import { hostObjectName } from '../../names.ts';
import type { ConnectionRef, ExecuteOrder, TaskBody } from '../../rpc.ts';
import type { PoolFigures } from '../../rpc-figures.ts';
import { sealVariables, unsealVariables, type Variables } from '../../seal.ts';
import { usableSecrets } from '../../secrets.ts';
import { migrate } from '../../store/migrate.ts';
import { SCHEDULER_MIGRATIONS } from '../../store/scheduler-schema.ts';
import { type OwedRow, SchedulerStore, type StoredBody } from '../../store/scheduler-store.ts';
import { GroupCommit } from '../group-commit.ts';
import { decide } from './decisions.ts';
import { type HostLaneDeps, sendToHost } from './host-lane.ts';
import { Lanes } from './lanes.ts';
import { type Archived, sendToLog } from './log-lane.ts';
import { Outbox } from './outbox.ts';

/** Undelivered rows are looked at after this long: those that may wait, and those whose delivery died with the object. */
const DELIVERY_BACKUP_MS = 5_000;
/** A status record waits so long for others to the same log: the caller is answered first, and a burst of tasks shares commits. */
const GATHER_MS = 10;
/** Finished tasks removed in one go: bounds the time for which others wait. */
const PURGE_PAGE = 500;
const NOT_BEFORE = 'judge_nobody_before';
const LAST_ORDER = 'last_order';

/** Wires the pool, its store, the outbox with its lanes and the alarm. It decides nothing. */
export class SchedulerCore {
  readonly pool: string;
  readonly settings: ServerSettings;
  readonly store: SchedulerStore;
  readonly outbox = new Outbox();
  readonly workingSet: Pool;
  readonly #ctx: DurableObjectState;
  readonly #env: Env;
  readonly #group: GroupCommit;
  readonly #lanes: Lanes;
  #lastOrder: number;
  /** As of the last alarm: every task that finishes owes its body to the log, so that an alarm follows. */
  #oldestFinish: number | null;
  #armedFor: number | null = null;
  #isResumed = false;

  constructor(ctx: DurableObjectState, env: Env, settings: ServerSettings) {
    this.#ctx = ctx;
    this.#env = env;
    this.settings = settings;
    const { name } = ctx.id;
    if (name === undefined) throw new Error('a scheduler is named after its pool');
    this.pool = name;
    migrate(ctx.storage, SCHEDULER_MIGRATIONS);
    this.store = new SchedulerStore(ctx.storage.sql);
    this.#group = new GroupCommit(ctx.storage);
    this.workingSet = new Pool(settings, {
      task: (taskId) => this.store.task(taskId),
      approval: (taskId, id) => this.store.approvals.get(taskId, id),
    });
    this.workingSet.load(this.store.activeTasks(), this.store.hosts());
    this.workingSet.judgeNobodyBefore(this.store.meta(NOT_BEFORE) ?? 0);
    this.#lastOrder = Math.max(this.store.lastOrder(), this.store.meta(LAST_ORDER) ?? 0);
    this.#oldestFinish = this.store.oldestFinish();
    this.#lanes = new Lanes({
      outbox: this.outbox,
      sendToLog: (log, rows) => this.#sendToLog(log, rows),
      sendToHost: (hostId, item) => sendToHost(item, this.#hostDeps(hostId)),
      retryAt: () => this.#arm(),
      now: Date.now,
    });
  }

  /** What only this object can tell of its pool. */
  counts(): Pick<PoolFigures, 'created' | 'ended' | 'failingDeliveries'> {
    return { created: this.#lastOrder, ended: this.store.ended(), failingDeliveries: this.#lanes.failing };
  }

  nextOrder(): number {
    this.#lastOrder += 1;
    return this.#lastOrder;
  }

  /**
   * Runs one decision; resolves after its commit. `carriedFor`: the caller takes this task's status records to the log
   * itself, so that the outbox is only the backup.
   */
  decide<T>(command: (pool: Pool, now: number) => T, carriedFor: string | null = null): Promise<T> {
    this.resume();
    return decide(
      {
        pool: this.workingSet,
        store: this.store,
        group: this.#group,
        outbox: this.outbox,
        now: Date.now,
        perform: (rows, nudges) => this.#perform(rows, nudges, carriedFor),
      },
      command,
    );
  }

  /** Inside a decision. */
  judgeNobodyBefore(moment: number): void {
    this.workingSet.judgeNobodyBefore(moment);
    this.store.setMeta(NOT_BEFORE, moment);
  }

  /** Inside a decision. */
  purge(finishedBefore: number, now: number): void {
    // The newest task may go before an older one: its number is not given again.
    if ((this.store.oldestFinish() ?? now) < finishedBefore) this.store.setMeta(LAST_ORDER, this.#lastOrder);
    this.store.purge(finishedBefore, now, PURGE_PAGE);
  }

  /** Not awaited: an object that hangs must not hold up the next alarm, which would look as if the server had been away. */
  retryDeliveries(): void {
    this.#ctx.waitUntil(this.#lanes.retry());
  }

  /** The alarm that was armed is gone. */
  async alarmFired(): Promise<void> {
    this.#armedFor = null;
    this.#oldestFinish = this.store.oldestFinish();
    this.#arm();
  }

  /** Takes up what the object owed when it was last put away. */
  resume(): void {
    if (this.#isResumed) return;
    this.#isResumed = true;
    const rows = this.store.outbox();
    for (const row of rows) this.outbox.add(row);
    const nudges: Nudge[] = [];
    for (const { status, delivered, hostId, id, offer } of this.workingSet.activeTasks()) {
      if (status === 'assigned' && !delivered && hostId !== undefined) {
        nudges.push({ kind: 'execute', hostId, taskId: id, offer });
      }
    }
    for (const { hostId, online, suspectAt } of this.workingSet.hosts()) {
      if (online && suspectAt !== undefined) nudges.push({ kind: 'probe', hostId });
    }
    this.#perform(rows, nudges, null);
  }

  #perform(rows: readonly OwedRow[], nudges: readonly Nudge[], carriedFor: string | null): void {
    const toLogs = rows.filter(({ owed }) => 'log' in owed);
    const toHosts = rows.filter(({ owed }) => !('log' in owed));
    const wanted = toLogs.filter(({ owed }) => !this.#mayWait(owed, carriedFor));
    this.#lanes.gather(toLogs);
    if (toHosts.length > 0 || nudges.length > 0) this.#ctx.waitUntil(this.#lanes.take(toHosts, nudges));
    if (wanted.length > 0) this.#ctx.waitUntil(scheduler.wait(GATHER_MS).then(() => this.#lanes.deliver(wanted)));
    this.#arm();
  }

  /**
   * Bodies are archived in groups. A status record goes into the log with what HostDO appends next, when the task is on its way to
   * a host or its host has just spoken: one call and one commit less each.
   */
  #mayWait(owed: Owed, carriedFor: string | null): boolean {
    if (owed.kind === 'archive') return true;
    if (owed.kind !== 'status') return false;
    return owed.taskId === carriedFor || this.workingSet.activeTask(owed.taskId)?.status === 'assigned';
  }

  /** One alarm for all deadlines: set only when the earliest has become earlier, for each setting is billed. */
  #arm(): void {
    const backup = this.#lanes.isIdle ? null : Date.now() + DELIVERY_BACKUP_MS;
    const oldest = this.#oldestFinish;
    const retention = oldest === null ? null : oldest + this.settings.RETENTION_DAYS * DAY_MS;
    const dues = [this.workingSet.earliestDue(), this.#lanes.nextRetry(), backup, retention];
    const earliest = Math.min(...dues.map((due) => due ?? Number.POSITIVE_INFINITY));
    if (!Number.isFinite(earliest) || (this.#armedFor !== null && this.#armedFor <= earliest)) return;
    this.#armedFor = earliest;
    this.#ctx.waitUntil(this.#ctx.storage.setAlarm(earliest));
  }

  #sendToLog(log: string, rows: number[]): Promise<void> {
    return sendToLog(rows, {
      outbox: this.outbox,
      log: () => this.#env.LOG.getByName(log),
      body: (taskId) => this.#visibleBody(taskId),
      outcome: (taskId) => this.store.outcome(taskId),
      settle: (settled, archived) => this.#settle(settled, archived),
    });
  }

  #visibleBody(taskId: string): Partial<TaskBody> | null {
    const body = this.store.body(taskId);
    if (body === null) return null;
    const { env: _, sealedEnv: __, ...visible } = body;
    return visible;
  }

  /** What is stored of a new task's variables. Throws without a secret, with which no request comes so far. */
  async sealedEnv(taskId: string, variables: Variables | undefined): Promise<Pick<StoredBody, 'sealedEnv'>> {
    if (variables === undefined) return {};
    return { sealedEnv: await sealVariables(variables, usableSecrets(this.#env), this.#placeOf(taskId)) };
  }

  /** Undefined for a task without; null when they cannot be decrypted. */
  async #variables(taskId: string): Promise<Variables | undefined | null> {
    const { env, sealedEnv } = this.store.body(taskId) ?? {};
    if (sealedEnv === undefined) return env;
    return unsealVariables(sealedEnv, usableSecrets(this.#env), this.#placeOf(taskId));
  }

  #placeOf(taskId: string): string {
    return `${this.pool}/${taskId}`;
  }

  /** A body that has grown since it was sent stays: its next archiving is owed already. */
  async #settle(rows: number[], archived: Archived = new Map()): Promise<void> {
    await this.decide((pool) => {
      this.store.settleOwed(rows);
      for (const [taskId, outcome] of archived) {
        if (this.store.outcome(taskId) !== outcome) continue;
        this.store.dropBody(taskId);
        const task = pool.task(taskId);
        if (task !== null) pool.putTask({ ...task, archived: true });
      }
    });
    for (const id of rows) this.outbox.remove(id);
  }

  #hostDeps(hostId: string): HostLaneDeps {
    const link = (): ConnectionRef => ({ hostId, epoch: this.workingSet.host(hostId)?.epoch ?? 0 });
    return {
      outbox: this.outbox,
      host: () => this.#env.HOST.getByName(hostObjectName(this.pool, hostId)),
      connection: link,
      order: async (taskId, offer) => {
        const variables = await this.#variables(taskId);
        if (variables === null) {
          await this.decide((pool, now) => variablesUnreadable(pool, { taskId, attempt: offer }, now));
          return null;
        }
        const task = this.workingSet.activeTask(taskId);
        const isDue = task?.status === 'assigned' && task.offer === offer && task.hostId === hostId && !task.delivered;
        return isDue ? { ...this.#orderFor(task, variables), epoch: link().epoch } : null;
      },
      executeAnswered: (connection, run, reply) =>
        this.decide((pool, now) => executeAnswered(pool, connection, run, reply, now)),
      foundOffline: (connection) => this.decide((pool, now) => hostDisconnected(pool, connection, now)),
      isRunning: (run) => this.#isRunning(run),
      awaitsAck: () => this.workingSet.host(hostId)?.protocol === 2,
      settle: (rows) => this.#settle(rows),
    };
  }

  #isRunning(run: RunRef): boolean {
    const task = this.workingSet.activeTask(run.taskId);
    return task?.status === 'running' && task.offer === run.attempt;
  }

  #orderFor(task: PoolTask, variables: Variables | undefined): Omit<ExecuteOrder, 'epoch'> {
    const body = this.store.body(task.id);
    const host = task.hostId === undefined ? null : this.workingSet.host(task.hostId);
    const request: TaskRequest = {
      taskId: task.id,
      prompt: body?.prompt ?? '',
      cwd: task.offerCwd ?? '',
      agentType: host === null ? task.agentType : agentNameOn(host, task),
      ...(task.model === undefined ? {} : { model: task.model }),
      ...(variables === undefined ? {} : { env: variables }),
      ...(task.offerLimit === undefined ? {} : { timeout: task.offerLimit }),
      ...(body?.metadata === undefined ? {} : { metadata: body.metadata }),
      ...(task.resumeSession === undefined ? {} : { sessionId: task.resumeSession }),
      ...(task.permissions === undefined ? {} : { permissions: task.permissions }),
      ...(task.approvalTimeout === undefined ? {} : { approvalTimeout: task.approvalTimeout }),
      ...(task.interactive === true && task.finishAsked !== true ? { interactive: true } : {}),
      ...(task.workspace?.mode === 'worktree'
        ? { workspace: { mode: 'worktree', base: task.workspace.base, name: task.worktree } }
        : {}),
      ...(task.idleTimeout === undefined ? {} : { idleTimeout: task.idleTimeout }),
    };
    return { taskId: task.id, attempt: task.offer, log: task.log, task: request };
  }
}
