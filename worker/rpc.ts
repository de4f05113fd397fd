import type { LogPage } from '../shared/api/log.ts';
import type { CreateTask, ListTasks } from '../shared/api/tasks.ts';
import type { Approval, ApprovalDecision, ApprovalNote } from '../shared/approval.ts';
import type { ErrorCode, FailureCode, TaskError } from '../shared/errors.ts';
import type { AgentEvent } from '../shared/event.ts';
import type { GatewayConfig, HostCapabilities, HostStatus } from '../shared/host.ts';
import type { ReportedRun } from '../shared/protocol/register.ts';
import type { RunVerdict } from '../shared/protocol/registered.ts';
import type { RunRef } from '../shared/protocol/run-ref.ts';
import type { RefusalReason } from '../shared/protocol/task-refused.ts';
import type { Scope } from '../shared/scope.ts';
import type { FailedAttempt, LateAttempt, Task, TaskRequest, TaskResult, TaskStatus } from '../shared/task.ts';
import type { PoolFigures } from './rpc-figures.ts';

/**
 * What the three objects promise one another and the Worker. Every mutating call may be repeated: its arguments name
 * what it is about, and a repeat changes nothing and gives the same answer. Errors that a caller must tell apart are
 * answers, never exceptions; an exception means "not done, or not known: call again".
 */

/** An answer that an HTTP route passes on. */
export interface RpcError {
  kind: 'error';
  code: ErrorCode;
  message: string;
  /** Name of the limit that was reached. */
  limit?: string;
}

// ── Worker → SchedulerDO ────────────────────────────────────────────────────────────────────────────────────────────

/** Who asked, and how a repeat is known. */
export interface Origin {
  sub: string;
  /** What the token is narrowed to. */
  scope?: Scope;
  idempotencyKey?: string;
}

/**
 * A task as SchedulerDO holds it. Once `archived`, its large parts (`prompt`, `metadata`, `result`, `error.details`, `failedAttempts`,
 * `lateAttempts`) live in the log object `log` and are read there with `bodies`; until then they are in `task`.
 */
export interface TaskView {
  task: Omit<Task, 'prompt'> & { prompt?: string };
  /** Name of the log object that holds the task's log. */
  log: string;
  archived: boolean;
  /** A narrowed token created it. */
  isScoped: boolean;
}

export type CreateReply = { kind: 'created' | 'repeated'; view: TaskView } | RpcError;
export type CommandReply = { kind: 'accepted' } | RpcError;

export interface SchedulerForWorker {
  createTask(request: CreateTask, origin: Origin): Promise<CreateReply>;
  getTask(taskId: string): Promise<TaskView | null>;
  /** `createdBy`: only those that a narrowed token of this `sub` created. */
  listTasks(query: ListTasks & { createdBy?: string }): Promise<{ views: TaskView[]; nextCursor: string | null }>;
  abortTask(taskId: string): Promise<CommandReply>;
  inputTask(taskId: string, content: string): Promise<CommandReply>;
  finishTask(taskId: string): Promise<CommandReply>;
  /** Oldest first; null for an unknown task, and nothing once it has ended. */
  listApprovals(taskId: string): Promise<Approval[] | null>;
  /** `by`: `sub` of who decides. */
  decideApproval(taskId: string, approvalId: string, decision: ApprovalDecision, by: string): Promise<DecideReply>;
  /** `lastHeartbeat` of an online host is as old as SchedulerDO's last call from it: ask HostDO for a fresh one. */
  listHosts(): Promise<HostStatus[]>;
  getHost(hostId: string): Promise<HostStatus | null>;
  /** The merged configuration, or null for an unknown host. */
  patchHostConfig(hostId: string, patch: Partial<GatewayConfig>): Promise<Partial<GatewayConfig> | null>;
  figures(): Promise<PoolFigures>;
}

/** What the agent is told of an approval. */
export interface ApprovalAnswer {
  approvalId: string;
  decision: ApprovalDecision;
}

/** What a running agent is told in place of text; `finish`: nothing more will be sent. */
export type AgentSignal = ApprovalAnswer | 'finish';

export type DecideReply = { kind: 'decided'; approval: Approval } | RpcError;

// ── HostDO → SchedulerDO ────────────────────────────────────────────────────────────────────────────────────────────

/** Which connection speaks: reports of an older epoch than the newest registered one change nothing. */
export interface ConnectionRef {
  hostId: string;
  epoch: number;
}

export interface HostRegistration extends ConnectionRef {
  capabilities: HostCapabilities;
  /** Wire protocol version in use. */
  protocol: 1 | 2;
  features: string[];
  withoutInput: string[];
  /** Of the gateway's state directory; undefined from one that does not say. */
  instance: string | undefined;
  /** The client's address, for `MAX_HOSTS_PER_IP`. */
  ip: string;
  connectedAt: number;
  /** Unsettled runs on the host's disk; null from a version-1 host, which does not say. */
  runs: ReportedRun[] | null;
}

/** One attempt that belongs to the host: what HostDO's run table must hold. */
export interface AssignedRun extends RunRef {
  log: string;
}

export type RegisterReply =
  /** `verdicts`: one per reported run, `ackedSeq` left to HostDO. `assigned`: every attempt that this host holds now. */
  | {
      kind: 'ok';
      verdicts: (Omit<RunVerdict, 'ackedSeq'> & { log: string | null })[];
      assigned: AssignedRun[];
      /** Configuration to send after `registered`, when the operator has set any. */
      config: Partial<GatewayConfig> | null;
    }
  /** A newer connection of this host has registered already: close this one. */
  | { kind: 'stale' };

export type AttemptEnd =
  | { kind: 'completed'; result: TaskResult }
  /** `code` is absent from version-1 hosts. */
  | { kind: 'failed'; code?: FailureCode; error: string; details?: unknown; result?: TaskResult };

/** A change of status on its way into the log. `rev` counts a task's changes 1, 2, 3 … without holes. */
export interface StatusRecord {
  rev: number;
  at: number;
  attempt: number;
  status: TaskStatus;
  hostId?: string;
  reason?: string;
  error?: TaskError;
}

/**
 * `entries`: every status record of the task so far that is not known to be in the log; HostDO hands them to the log
 * ahead of what it appends next, so that `running` stands before the first event and the end after the last.
 */
export type StartedReply = { kind: 'ok'; entries: StatusRecord[] } | { kind: 'superseded' };
/** `committed`: the end counts, whether it ended the task or the task will be tried again. */
export type EndedReply =
  | { kind: 'committed'; entries: StatusRecord[] }
  | { kind: 'superseded' }
  | { kind: 'rejected'; reason: string };

export interface SchedulerForHost {
  /** Asked before an upgrade: may one more host connect from this address? A host that is connected already may. */
  mayConnect(hostId: string, ip: string): Promise<boolean>;
  hostRegistered(registration: HostRegistration): Promise<RegisterReply>;
  hostDisconnected(connection: ConnectionRef): Promise<void>;
  /** A frame came from a host that was being probed. */
  hostAlive(connection: ConnectionRef): Promise<void>;
  taskStarted(connection: ConnectionRef, run: RunRef, sessionId: string): Promise<StartedReply>;
  taskEnded(connection: ConnectionRef, run: RunRef, end: AttemptEnd): Promise<EndedReply>;
  /** The end of a run that a version-1 host was told to stop: kept when the task ended without its word. */
  lateEnd(connection: ConnectionRef, taskId: string, end: AttemptEnd): Promise<void>;
  taskRefused(connection: ConnectionRef, run: RunRef, reason: RefusalReason, message: string): Promise<void>;
  /** What the events of a running attempt say of approvals, in order. */
  approvalsNoted(connection: ConnectionRef, run: RunRef, notes: ApprovalNote[]): Promise<'ok' | 'superseded'>;
  inputAcked(connection: ConnectionRef, run: RunRef, inputId: string): Promise<void>;
}

// ── SchedulerDO → HostDO: record and send, no lock, no call back ────────────────────────────────────────────────────

export interface ExecuteOrder extends AssignedRun {
  /** The connection that it is meant for: over a later one nothing is sent before SchedulerDO has heard of it. */
  epoch: number;
  /** `timeout` is filled in. */
  task: TaskRequest;
}

/** `offline`: the connection is gone; nothing was recorded and no socket will ever see this. */
export type SendReply = 'sent' | 'already_sent' | 'offline';
/** `unsendable`: no frame can be made of it, on any connection. */
export type ExecuteReply = SendReply | 'unsendable';

export interface HostForScheduler {
  execute(order: ExecuteOrder): Promise<ExecuteReply>;
  abort(run: RunRef): Promise<SendReply>;
  input(run: RunRef, inputId: string, content: string, signal?: AgentSignal): Promise<SendReply>;
  /**
   * The attempt is no longer this host's: its later frames are answered `superseded`. Tells the host to stop it, by
   * `task:abort` now or, when it is away, as soon as it has registered (version 2: by the verdict).
   */
  release(run: RunRef): Promise<void>;
  configure(config: Partial<GatewayConfig>): Promise<void>;
  /** Ask for a sign of life now; the next frame is reported by `hostAlive`. */
  probe(): Promise<void>;
  /** Close the connection of this epoch as silent, if it is still the current one. */
  drop(epoch: number): Promise<void>;
}

// ── Worker → HostDO ─────────────────────────────────────────────────────────────────────────────────────────────────

export interface HostForWorker {
  /** ms; null when no connection is open. */
  lastSeen(): Promise<number | null>;
  /** Refuses all tokens issued up to now and closes the socket with `CLOSE.UNAUTHENTICATED`. */
  revokeTokens(): Promise<void>;
  /** Closes what was opened with this token; whether a later connection may use it AccessDO says. */
  revokeToken(tokenId: string): Promise<void>;
  /** ms of the last revocation, 0 for none: a new token's `iat` must be later. */
  revokedAt(): Promise<number>;
}

/**
 * Headers of the upgrade request that the Worker hands to HostDO's `fetch` after it has verified the token; set by the
 * Worker alone, whatever the client sent under these names.
 */
export const HOST_HEADERS = {
  POOL: 'x-gateway-pool',
  HOST: 'x-gateway-host',
  /** Seconds, as in the token; may have a fraction. */
  ISSUED_AT: 'x-gateway-token-iat',
  EXPIRES_AT: 'x-gateway-token-exp',
  IP: 'x-gateway-ip',
  /** `true` when the server renews the token. */
  RENEWABLE: 'x-gateway-token-renewable',
  /** `jti` of the token, percent-encoded; empty when it has none. */
  TOKEN_ID: 'x-gateway-token-id',
} as const;

// ── HostDO, SchedulerDO and Worker → LogDO ──────────────────────────────────────────────────────────────────────────

/** Events `first`, `first + 1`, … of one attempt. */
export interface EventBatch {
  attempt: number;
  hostId: string;
  /**
   * Who numbers the events: 0 when the host does (version 2: numbers outlive connections), else the connection's epoch.
   * Within (attempt, source) a number is stored once.
   */
  source: number;
  first: number;
  events: AgentEvent[];
}

export interface AppendRequest {
  taskId: string;
  /** Applied first, in order of `rev`; a known `rev` is skipped. */
  status: StatusRecord[];
  batch: EventBatch | null;
  /** Applied after the batch: the end, from SchedulerDO's answer. */
  end: StatusRecord[];
}

export interface AppendReply {
  /** Number of the last stored event of the batch's (attempt, source); lower than asked for when numbers are missing. */
  stored: number;
  /** The log has its terminal entry, or a later attempt has begun: the batch was dropped. */
  closed: boolean;
}

/** The large parts of a finished task. */
export interface TaskBody {
  prompt: string;
  metadata?: Record<string, unknown>;
  result?: TaskResult;
  errorDetails?: unknown;
  failedAttempts?: FailedAttempt[];
  lateAttempts?: LateAttempt[];
}

export interface LogApi {
  /**
   * Throws when the log lacks the `running` record of the batch's attempt and `status` does not bring it: nothing is
   * stored; call again with it, or once the outbox has delivered it.
   */
  append(request: AppendRequest): Promise<AppendReply>;
  /** The outbox's way: status records of many tasks. Returns, per task, the highest `rev` that the log holds. */
  appendStatus(batches: { taskId: string; status: StatusRecord[] }[]): Promise<Record<string, number>>;
  /** Last stored event number of an attempt whose host numbers its events (source 0). */
  ackedSeq(run: RunRef): Promise<number>;
  /** `null`: the task's log is past retention. Waits for nothing. */
  read(taskId: string, after: number, limit: number): Promise<LogPage | null>;
  /** Merges: a given field replaces the stored one; `failedAttempts` and `lateAttempts` are added, once per attempt. */
  archive(taskId: string, body: Partial<TaskBody>): Promise<void>;
  /** In order, up to `MAX_PAGE_BYTES` together and at least one that exists: ask again for those that are missing. */
  bodies(taskIds: string[]): Promise<Record<string, TaskBody>>;
  /**
   * `fetch` with a WebSocket upgrade to `/watch?task=<id>&after=<seq>` streams entries, one a frame, and closes with 1000
   * after the terminal one; 410 instead of 101 when the log is past retention.
   */
}
