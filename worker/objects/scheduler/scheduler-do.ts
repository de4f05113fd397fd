import { DurableObject } from 'cloudflare:workers';
import type { CreateTask, ListTasks } from '../../../shared/api/tasks.ts';
import type { Approval, ApprovalDecision, ApprovalNote } from '../../../shared/approval.ts';
import { DAY_MS } from '../../../shared/clock.ts';
import type { GatewayConfig, HostStatus } from '../../../shared/host.ts';
import { IDEMPOTENCY_TTL_MS, LATE_ALARM_MS, MAX_PENDING_INPUTS } from '../../../shared/limits.ts';
import type { RunRef } from '../../../shared/protocol/run-ref.ts';
import type { RefusalReason } from '../../../shared/protocol/task-refused.ts';
import { parseServerSettings } from '../../../shared/settings.ts';
import { Admission } from '../../domain/admission.ts';
import { decideApproval } from '../../domain/approvals.ts';
import { abortTask, finishTask, inputTask, patchHostConfig } from '../../domain/commands/client.ts';
import { createTask, hasRoom } from '../../domain/commands/create.ts';
import { expire } from '../../domain/commands/expire.ts';
import { hostDisconnected, markAlive } from '../../domain/commands/host-link.ts';
import { approvalsNoted, lateEnd, taskEnded, taskRefused, taskStarted } from '../../domain/commands/host-reports.ts';
import { hostRegistered } from '../../domain/commands/register.ts';
import { placeRequest } from '../../domain/continuation.ts';
import type { Pool } from '../../domain/pool.ts';
import { figuresOf } from '../../domain/pool-figures.ts';
import type { PoolTask } from '../../domain/pool-task.ts';
import { viewHost } from '../../domain/public-host.ts';
import { viewTask } from '../../domain/public-task.ts';
import type { Env } from '../../env.ts';
import { logObjectName } from '../../names.ts';
import type {
  AttemptEnd,
  CommandReply,
  ConnectionRef,
  CreateReply,
  DecideReply,
  EndedReply,
  HostRegistration,
  Origin,
  RegisterReply,
  SchedulerForHost,
  SchedulerForWorker,
  StartedReply,
  TaskView,
} from '../../rpc.ts';
import type { PoolFigures } from '../../rpc-figures.ts';
import { SchedulerCore } from './scheduler-core.ts';

/** SHA-256 of the request as parsed: the same wish in another order of fields is the same wish. */
async function hashRequest(request: CreateTask): Promise<string> {
  const ordered = JSON.stringify(request, (_key, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(ordered));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * One per pool: the truth about its tasks and the capacity of its hosts. A thin shell: every method is one decision of
 * `domain/` run by `SchedulerCore`, which stores it and delivers what it owes. Methods return after the commit and never
 * wait for deliveries (rule 8).
 */
export class SchedulerDO extends DurableObject<Env> implements SchedulerForWorker, SchedulerForHost {
  readonly #core: SchedulerCore;
  readonly #admission = new Admission();

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#core = new SchedulerCore(ctx, env, parseServerSettings(env));
  }

  async createTask(request: CreateTask, origin: Origin): Promise<CreateReply> {
    const { sub, scope, idempotencyKey } = origin;
    const key =
      idempotencyKey === undefined
        ? null
        : { name: JSON.stringify([sub, idempotencyKey]), hash: await hashRequest(request) };
    const id = crypto.randomUUID();
    const { prompt, metadata, env } = request;
    const body = { prompt, metadata, ...(await this.#core.sealedEnv(id, env)) };
    return this.#core.decide((pool, now): CreateReply => {
      const known = key === null ? null : this.#core.store.findIdempotent(key.name, now);
      const repeated = known === null ? null : pool.task(known.taskId);
      if (known !== null && repeated !== null) {
        if (known.requestHash === key?.hash) return { kind: 'repeated', view: this.#view(pool, repeated) };
        const message = `Idempotency-Key "${idempotencyKey}" was used for another request; use a new key.`;
        return { kind: 'error', code: 'idempotency_conflict', message };
      }
      if (!hasRoom(pool)) {
        const message = `MAX_QUEUED_TASKS: ${pool.settings.MAX_QUEUED_TASKS} tasks wait already; try again when some have started.`;
        return { kind: 'error', code: 'queue_full', message, limit: 'MAX_QUEUED_TASKS' };
      }
      const placed = placeRequest(pool, request, origin);
      if ('code' in placed) return placed;
      const log = logObjectName(this.#core.pool, id, now);
      const task = createTask(pool, placed, { id, log, order: this.#core.nextOrder(), createdBy: sub, scope }, now);
      this.#core.store.insertBody(id, body);
      if (key !== null) this.#core.store.rememberKey(key.name, id, key.hash, now + IDEMPOTENCY_TTL_MS);
      return { kind: 'created', view: viewTask(pool, task, { prompt, metadata }) };
    });
  }

  async getTask(taskId: string): Promise<TaskView | null> {
    const { workingSet } = this.#core;
    // Whoever reads its log next is not to wait for the alarm.
    this.#core.resume();
    const task = workingSet.task(taskId);
    return task === null ? null : this.#view(workingSet, task);
  }

  async listTasks(
    query: ListTasks & { createdBy?: string },
  ): Promise<{ views: TaskView[]; nextCursor: string | null }> {
    const { tasks, nextCursor } = this.#core.store.listTasks(query);
    return { views: tasks.map(({ task, body }) => viewTask(this.#core.workingSet, task, body)), nextCursor };
  }

  abortTask(taskId: string): Promise<CommandReply> {
    return this.#core.decide((pool, now) => abortTask(pool, taskId, now));
  }

  inputTask(taskId: string, content: string): Promise<CommandReply> {
    const inputId = crypto.randomUUID();
    return this.#core.decide((pool) => {
      const pending = this.#core.outbox.inputRows(taskId).length;
      return inputTask(pool, taskId, { inputId, content, pending, maxPending: MAX_PENDING_INPUTS });
    });
  }

  finishTask(taskId: string): Promise<CommandReply> {
    return this.#core.decide((pool) => finishTask(pool, taskId));
  }

  async listApprovals(taskId: string): Promise<Approval[] | null> {
    return this.#core.workingSet.task(taskId) === null ? null : this.#core.store.approvals.of(taskId);
  }

  decideApproval(taskId: string, approvalId: string, decision: ApprovalDecision, by: string): Promise<DecideReply> {
    return this.#core.decide((pool, now) => decideApproval(pool, { taskId, approvalId, decision, by }, now));
  }

  async listHosts(): Promise<HostStatus[]> {
    const { workingSet } = this.#core;
    const hosts = [...workingSet.hosts()].map((host) => viewHost(workingSet, host));
    return hosts.sort((a, b) => (a.hostId < b.hostId ? -1 : 1));
  }

  async getHost(hostId: string): Promise<HostStatus | null> {
    const { workingSet } = this.#core;
    const host = workingSet.host(hostId);
    return host === null ? null : viewHost(workingSet, host);
  }

  patchHostConfig(hostId: string, patch: Partial<GatewayConfig>): Promise<Partial<GatewayConfig> | null> {
    return this.#core.decide((pool) => patchHostConfig(pool, hostId, patch));
  }

  async figures(): Promise<PoolFigures> {
    return { ...figuresOf(this.#core.workingSet), ...this.#core.counts() };
  }

  async mayConnect(hostId: string, ip: string): Promise<boolean> {
    return this.#admission.admit(this.#core.workingSet, hostId, ip, Date.now());
  }

  hostRegistered(registration: HostRegistration): Promise<RegisterReply> {
    return this.#core.decide((pool, now) => {
      this.#admission.registered(registration.hostId);
      return hostRegistered(pool, registration, now);
    });
  }

  hostDisconnected(connection: ConnectionRef): Promise<void> {
    return this.#core.decide((pool, now) => hostDisconnected(pool, connection, now));
  }

  hostAlive(connection: ConnectionRef): Promise<void> {
    return this.#core.decide((pool, now) => markAlive(pool, connection, now));
  }

  async taskStarted(connection: ConnectionRef, run: RunRef, sessionId: string): Promise<StartedReply> {
    const { taskId } = run;
    const outcome = await this.#core.decide((pool, now) => taskStarted(pool, connection, run, sessionId, now), taskId);
    return outcome === 'ok' ? { kind: 'ok', entries: this.#core.outbox.statusOf(taskId) } : { kind: 'superseded' };
  }

  async taskEnded(connection: ConnectionRef, run: RunRef, end: AttemptEnd): Promise<EndedReply> {
    const { taskId } = run;
    const outcome = await this.#core.decide((pool, now) => taskEnded(pool, connection, run, end, now), taskId);
    if (outcome === 'unknown') return { kind: 'rejected', reason: 'The server does not know this task (any more).' };
    if (outcome === 'superseded') return { kind: 'superseded' };
    return { kind: 'committed', entries: this.#core.outbox.statusOf(taskId) };
  }

  lateEnd(connection: ConnectionRef, taskId: string, end: AttemptEnd): Promise<void> {
    return this.#core.decide((pool, now) => lateEnd(pool, connection, taskId, end, now));
  }

  taskRefused(connection: ConnectionRef, run: RunRef, reason: RefusalReason, message: string): Promise<void> {
    return this.#core.decide((pool, now) => taskRefused(pool, connection, run, { reason, message }, now));
  }

  approvalsNoted(connection: ConnectionRef, run: RunRef, notes: ApprovalNote[]): Promise<'ok' | 'superseded'> {
    return this.#core.decide((pool, now) => approvalsNoted(pool, connection, run, notes, now));
  }

  inputAcked(connection: ConnectionRef, run: RunRef, inputId: string): Promise<void> {
    return this.#core.decide((pool, now) => {
      markAlive(pool, connection, now);
      pool.settleInput(run.taskId, inputId);
    });
  }

  /** Deadlines, deliveries that failed, retention. A late alarm means that the server was away: nobody is judged yet (rule 1). */
  override async alarm(): Promise<void> {
    const { settings } = this.#core;
    try {
      await this.#core.decide((pool, now) => {
        const earliest = pool.earliestDue();
        if (earliest !== null && now - earliest > LATE_ALARM_MS)
          this.#core.judgeNobodyBefore(now + settings.RECONNECT_GRACE_MS);
        expire(pool, now);
        this.#core.purge(now - settings.RETENTION_DAYS * DAY_MS, now);
      });
      this.#core.retryDeliveries();
    } finally {
      await this.#core.alarmFired();
    }
  }

  #view(pool: Pool, task: PoolTask): TaskView {
    return viewTask(pool, task, this.#core.store.body(task.id));
  }
}
