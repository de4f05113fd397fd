import type { FailureCode } from '../../../../shared/errors.ts';
import { LATE_ALARM_MS } from '../../../../shared/limits.ts';
import type { RunRef } from '../../../../shared/protocol/run-ref.ts';
import { parseServerSettings } from '../../../../shared/settings.ts';
import { type HostLostPolicy, isTerminal, type Retry } from '../../../../shared/task.ts';
import { abortTask } from '../../../../worker/domain/commands/client.ts';
import { createTask } from '../../../../worker/domain/commands/create.ts';
import { expire } from '../../../../worker/domain/commands/expire.ts';
import { executeAnswered, hostDisconnected } from '../../../../worker/domain/commands/host-link.ts';
import {
  type EndOutcome,
  taskEnded,
  taskRefused,
  taskStarted,
} from '../../../../worker/domain/commands/host-reports.ts';
import { hostRegistered } from '../../../../worker/domain/commands/register.ts';
import { dispatch } from '../../../../worker/domain/dispatch.ts';
import { Pool } from '../../../../worker/domain/pool.ts';
import type { Nudge, Owed } from '../../../../worker/domain/pool-effects.ts';
import { poolHostSchema } from '../../../../worker/domain/pool-host.ts';
import { poolTaskSchema } from '../../../../worker/domain/pool-task.ts';
import type { AttemptEnd, RegisterReply } from '../../../../worker/rpc.ts';
import { checkPool, Ledger } from './pool-ledger.ts';

export const SETTINGS = parseServerSettings({
  RECONNECT_GRACE_MS: 5_000,
  START_TIMEOUT_MS: 1_000,
  TASK_TIMEOUT_MS: 600_000,
});

/** What a host really holds, whatever the pool believes. */
export interface WorldHost {
  id: string;
  protocol: 1 | 2;
  max: number;
  epoch: number;
  isConnected: boolean;
  /** Of the daemon's state directory; one that does not say has none. */
  instance?: string;
  runs: Map<string, { taskId: string; attempt: number; isFinished: boolean }>;
}

type Verdicts = Extract<RegisterReply, { kind: 'ok' }>['verdicts'];

/** As it comes back from a column of JSON. */
function stored(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

/** A pool with hosts around it: what is sent arrives only when the test says so. */
export class World {
  now = 1_000_000;
  readonly ledger = new Ledger();
  readonly created: string[] = [];
  readonly hosts: WorldHost[];
  /** Every end that was answered over the newest connection, with its answer. */
  readonly told: { host: WorldHost; run: RunRef; end: AttemptEnd; answer: EndOutcome }[] = [];
  /** All that was owed to hosts. */
  readonly owed: Owed[] = [];
  executes: Extract<Nudge, { kind: 'execute' }>[] = [];
  pool = this.#emptyPool();

  constructor(protocols: (1 | 2)[]) {
    this.hosts = protocols.map((protocol, index) => ({
      id: `h${index}`,
      protocol,
      max: index + 1,
      epoch: 0,
      isConnected: false,
      runs: new Map(),
    }));
  }

  #emptyPool(): Pool {
    return new Pool(SETTINGS, {
      task: (id) => this.ledger.finished.get(id) ?? null,
      approval: (taskId, id) => this.ledger.approvals.get(taskId)?.get(id) ?? null,
    });
  }

  decide<T>(command: (pool: Pool, now: number) => T): T {
    const reply = command(this.pool, this.now);
    dispatch(this.pool, this.now);
    const staged = this.pool.staged();
    for (const task of staged.tasks.values()) if (isTerminal(task.status)) this.ledger.settle(task);
    this.ledger.storeApprovals(staged.approvals);
    for (const owed of staged.owed) {
      if ('hostId' in owed) this.owed.push(owed);
      if (owed.kind === 'status') this.ledger.checkRev(owed.taskId, owed.record.rev);
      if (owed.kind === 'release' || owed.kind === 'abort') {
        const host = this.hosts.find((candidate) => candidate.id === owed.hostId);
        if (host?.isConnected) host.runs.delete(`${owed.run.taskId}.${owed.run.attempt}`);
      }
      if (owed.kind === 'drop') this.host(owed.hostId).isConnected = false;
    }
    for (const nudge of staged.nudges) {
      if (nudge.kind !== 'execute') continue;
      this.ledger.checkOffer(nudge.taskId, this.now);
      this.executes.push(nudge);
    }
    this.pool.accept();
    return reply;
  }

  host(id: string): WorldHost {
    const host = this.hosts.find((candidate) => candidate.id === id);
    if (host === undefined) throw new Error(`no host ${id}`);
    return host;
  }

  create(onHostLost?: HostLostPolicy, retry?: Retry): void {
    const id = `t${this.created.length}`;
    const request = { prompt: 'p', agentType: 'a', onHostLost, retry };
    const task = { id, order: this.created.length + 1, log: 'l', createdBy: 'tester' };
    this.decide((pool, now) => createTask(pool, request, task, now));
    this.created.push(id);
  }

  /** Answers the verdicts on what it has. */
  connect(host: WorldHost): Verdicts {
    host.epoch += 1;
    host.isConnected = true;
    const runs = [...host.runs.values()].map((run) => ({ ...run, lastSeq: 0, finished: run.isFinished }));
    const reply = this.decide((pool, now) =>
      hostRegistered(
        pool,
        {
          hostId: host.id,
          epoch: host.epoch,
          protocol: host.protocol,
          capabilities: { name: host.id, agents: ['a'], maxConcurrent: host.max, cwd: '/w' },
          features: [],
          withoutInput: [],
          instance: host.instance,
          ip: '127.0.0.1',
          connectedAt: now,
          runs: host.protocol === 2 ? runs : null,
        },
        now,
      ),
    );
    if (reply.kind !== 'ok') throw new Error('the newest connection was called stale');
    for (const { taskId, attempt, verdict } of reply.verdicts) {
      if (verdict !== 'continue') host.runs.delete(`${taskId}.${attempt}`);
    }
    return reply.verdicts;
  }

  drop(host: WorldHost): void {
    if (!host.isConnected) return;
    host.isConnected = false;
    this.decide((pool, now) => hostDisconnected(pool, { hostId: host.id, epoch: host.epoch }, now));
  }

  /** The oldest execute reaches its host, or finds it offline. */
  deliver(): void {
    const execute = this.executes.shift();
    if (execute === undefined) return;
    const host = this.host(execute.hostId);
    const run = { taskId: execute.taskId, attempt: execute.offer };
    const task = this.pool.task(execute.taskId);
    if (task?.status !== 'assigned' || task.offer !== execute.offer || task.delivered) return;
    if (host.isConnected) host.runs.set(`${run.taskId}.${run.attempt}`, { ...run, isFinished: false });
    const link = { hostId: host.id, epoch: host.epoch };
    this.decide((pool, now) => executeAnswered(pool, link, run, host.isConnected ? 'sent' : 'offline', now));
  }

  /**
   * The server is away for `ms`, no time or so long that its alarm is late for whatever fell due: every connection is lost, and
   * the pool is made anew from what was stored. What SchedulerDO does when an overdue alarm fires is done here too (R1).
   */
  restart(ms: number): void {
    const held = this.created.filter((id) => this.#isHeld(id));
    this.now += ms;
    const { notBefore } = this.pool;
    const tasks = [...this.pool.activeTasks()].map((task) => poolTaskSchema.parse(stored(task)));
    const hosts = [...this.pool.hosts()].map((host) => poolHostSchema.parse(stored(host)));
    this.pool = this.#emptyPool();
    this.pool.load(tasks, hosts);
    this.pool.judgeNobodyBefore(notBefore);
    this.executes = tasks
      .filter(({ status, delivered }) => status === 'assigned' && !delivered)
      .map(({ id, offer, hostId = '' }) => ({ kind: 'execute', taskId: id, offer, hostId }));
    this.decide((pool, now) => {
      const earliest = pool.earliestDue();
      if (earliest !== null && now - earliest > LATE_ALARM_MS)
        pool.judgeNobodyBefore(now + SETTINGS.RECONNECT_GRACE_MS);
    });
    for (const host of this.hosts) this.drop(host);
    this.pass(0);
    for (const id of held) {
      if (this.pool.task(id)?.status !== 'running') throw new Error(`R1: the restart alone took ${id} from its host`);
    }
  }

  /** Its host runs it or may come back to it, and nobody has asked for its end. */
  #isHeld(id: string): boolean {
    const task = this.pool.task(id);
    return task?.status === 'running' && task.abortedAt === undefined;
  }

  /** A frame of a connection that has been replaced comes late. */
  endOverOldConnection(host: WorldHost, index: number): void {
    const run = this.#run(host, index);
    if (run === undefined || host.epoch < 2) return;
    const old = { hostId: host.id, epoch: host.epoch - 1 };
    const before = this.pool.task(run.taskId);
    const end = { kind: 'completed', result: { success: true } } as const;
    const answer = this.decide((pool, now) => taskEnded(pool, old, run, end, now));
    const after = this.pool.task(run.taskId);
    if (answer === 'committed' && before?.committed === undefined)
      throw new Error('R5: an old connection ended a task');
    if (before?.status !== after?.status) throw new Error(`R5: ${before?.status} became ${after?.status}`);
  }

  #run(host: WorldHost, index: number) {
    const runs = [...host.runs.values()];
    return host.isConnected && runs.length > 0 ? runs[index % runs.length] : undefined;
  }

  start(host: WorldHost, index: number): void {
    const run = this.#run(host, index);
    if (run === undefined) return;
    const link = { hostId: host.id, epoch: host.epoch };
    const answer = this.decide((pool, now) => taskStarted(pool, link, run, '', now));
    if (answer === 'superseded') host.runs.delete(`${run.taskId}.${run.attempt}`);
  }

  deliverAll(): void {
    while (this.executes.length > 0) this.deliver();
  }

  startAll(host: WorldHost): void {
    for (let index = host.runs.size - 1; index >= 0; index -= 1) this.start(host, index);
  }

  /** All it was given has started, and then it stays away for longer than the grace. */
  lose(host: WorldHost): void {
    if (!host.isConnected) this.connect(host);
    this.deliverAll();
    this.startAll(host);
    this.drop(host);
    this.pass(SETTINGS.RECONNECT_GRACE_MS);
  }

  refuse(host: WorldHost, index: number): void {
    const run = this.#run(host, index);
    if (run === undefined || this.pool.task(run.taskId)?.status !== 'assigned') return;
    host.runs.delete(`${run.taskId}.${run.attempt}`);
    const link = { hostId: host.id, epoch: host.epoch };
    this.decide((pool, now) => taskRefused(pool, link, run, { reason: 'full', message: 'full' }, now));
  }

  end(host: WorldHost, index: number, success: boolean, repeats: number): void {
    const run = this.#run(host, index);
    if (run === undefined) return;
    const link = { hostId: host.id, epoch: host.epoch };
    const code: FailureCode = 'agent_failed';
    const end = success
      ? ({ kind: 'completed', result: { success: true } } as const)
      : ({ kind: 'failed', code, error: 'no' } as const);
    const answer = this.decide((pool, now) => taskEnded(pool, link, run, end, now));
    this.told.push({ host, run, end, answer });
    this.ledger.noteEnd(this.pool.task(run.taskId), answer, this.now);
    for (let times = 0; times < repeats; times += 1) this.endAgain(this.told.length - 1);
    host.runs.delete(`${run.taskId}.${run.attempt}`);
  }

  /** A start and an end that was answered come again, for the answer was lost: whatever has happened since, it gets the same. */
  endAgain(index: number): void {
    const known = this.told[index % Math.max(this.told.length, 1)];
    if (known === undefined || !known.host.isConnected) return;
    const { host, run, end, answer } = known;
    const link = { hostId: host.id, epoch: host.epoch };
    const status = this.pool.task(run.taskId)?.status;
    const start = this.decide((pool, now) => taskStarted(pool, link, run, '', now));
    if (start !== 'superseded')
      throw new Error(`L2: ${run.taskId} goes on with attempt ${run.attempt}, which has ended`);
    const again = this.decide((pool, now) => taskEnded(pool, link, run, end, now));
    if (again !== answer) throw new Error(`R14: a repeated end was answered ${answer} and ${again}`);
    const after = this.pool.task(run.taskId)?.status;
    // The decision dispatches whatever waits, so that another offer is no effect of the repeat.
    if (after !== status && after !== 'assigned') throw new Error(`R14: a repeated end made ${status} ${after}`);
  }

  abort(index: number): void {
    const id = this.created[index % Math.max(this.created.length, 1)];
    if (id !== undefined) this.decide((pool, now) => abortTask(pool, id, now));
  }

  pass(ms: number): void {
    this.now += ms;
    this.decide((pool, now) => expire(pool, now));
  }

  check(): void {
    checkPool(this.pool, this.created, SETTINGS);
  }
}
