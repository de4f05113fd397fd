import { z } from 'zod';
import { approvalTimeoutSchema, permissionsSchema } from './approval.ts';
import { taskErrorSchema } from './errors.ts';
import { hostIdSchema, taskIdSchema } from './ids.ts';
import { depthRule, jsonValueSchema, nestsWithin } from './json.ts';
import {
  DEFAULT_RETRY_BACKOFF_MS,
  MAX_ENV_BYTES,
  MAX_ENV_NAMES,
  MAX_JSON_DEPTH,
  MAX_LABELS,
  MAX_METADATA_BYTES,
  MAX_NAME_BYTES,
  MAX_PATH_BYTES,
  MAX_PROMPT_BYTES,
  MAX_RETRY_ATTEMPTS,
  MAX_RETRY_BACKOFF_MS,
  MAX_TASK_TIMEOUT_MS,
  MIN_IDLE_TIMEOUT_MS,
  MIN_RETRY_BACKOFF_MS,
} from './limits.ts';
import { utf8Length } from './utf8.ts';
import { boundedString, limited } from './utf8-schema.ts';
import { workspaceResultSchema, workspaceSchema, worktreeOrderSchema } from './workspace.ts';

/** Half of a pair that stands alone: no character, and nothing that can be encoded. */
const LONE_SURROGATE = /\p{Surrogate}/u;

export const nameSchema = boundedString('MAX_NAME_BYTES', MAX_NAME_BYTES)
  .min(1, 'must not be empty')
  .refine((text) => !LONE_SURROGATE.test(text), 'must be well-formed text');

/** Directories reach `chdir`, which ends a path at NUL: refuse it rather than run somewhere else. */
export const pathSchema = boundedString('MAX_PATH_BYTES', MAX_PATH_BYTES)
  .min(1, 'must not be empty')
  .refine((path) => !path.includes('\0'), 'must not contain a NUL character');

const ENV_NAME_PATTERN = /^[A-Za-z_][A-Za-z0-9_]*$/;

export const envSchema = z
  .record(nameSchema.regex(ENV_NAME_PATTERN, 'must be the name of an environment variable'), z.string())
  .refine((env) => Object.keys(env).length <= MAX_ENV_NAMES, limited('MAX_ENV_NAMES', MAX_ENV_NAMES, 'names'))
  .refine(
    (env) => Object.entries(env).reduce((sum, [k, v]) => sum + utf8Length(k) + utf8Length(v), 0) <= MAX_ENV_BYTES,
    limited('MAX_ENV_BYTES', MAX_ENV_BYTES),
  )
  .refine((env) => !Object.values(env).some((v) => v.includes('\0')), 'must not contain a NUL character');

export const labelsSchema = z
  .record(nameSchema, boundedString('MAX_NAME_BYTES', MAX_NAME_BYTES))
  .refine((labels) => Object.keys(labels).length <= MAX_LABELS, limited('MAX_LABELS', MAX_LABELS, 'labels'));

export const metadataSchema = z
  .record(z.string(), z.unknown())
  .refine((metadata) => Object.values(metadata).every((value) => nestsWithin(value, MAX_JSON_DEPTH)), depthRule)
  .refine(
    (metadata) => utf8Length(JSON.stringify(metadata)) <= MAX_METADATA_BYTES,
    limited('MAX_METADATA_BYTES', MAX_METADATA_BYTES),
  );

export const promptSchema = boundedString('MAX_PROMPT_BYTES', MAX_PROMPT_BYTES).min(1, 'must not be empty');

export const timeoutSchema = z
  .int('must be a whole number of milliseconds')
  .min(1, 'must be at least 1 ms')
  .max(MAX_TASK_TIMEOUT_MS, `must be at most ${MAX_TASK_TIMEOUT_MS} ms`);

/** ms for which an agent may give no sign of life: no output, and no work of its processes. */
export const idleTimeoutSchema = z
  .int('must be a whole number of milliseconds')
  .min(MIN_IDLE_TIMEOUT_MS, `must be at least ${MIN_IDLE_TIMEOUT_MS} ms`)
  .max(MAX_TASK_TIMEOUT_MS, `must be at most ${MAX_TASK_TIMEOUT_MS} ms`);

/** An agent's own session. It becomes an argument of the agent's command line, so it may not look like a flag. */
export const sessionIdSchema = nameSchema.regex(
  /^[A-Za-z0-9][\x21-\x7e]*$/,
  'must be printable ASCII without spaces, and begin with a letter or digit',
);

/** What every host is asked to run. `timeout` in ms; the server always fills it in. */
export const taskRequestV1Schema = z.object({
  taskId: taskIdSchema,
  prompt: z.string(),
  cwd: z.string(),
  agentType: z.string(),
  model: z.string().optional(),
  env: z.record(z.string(), z.string()).optional(),
  timeout: z.number().positive().optional(),
  metadata: z.record(z.string(), jsonValueSchema).optional(),
});

/** With what only hosts get that announced the feature for it. */
export const taskRequestSchema = taskRequestV1Schema.extend({
  /** ms; feature `idle_timeout`. */
  idleTimeout: idleTimeoutSchema.optional(),
  /** The session to go on with; feature `sessions`. */
  sessionId: sessionIdSchema.optional(),
  /** What happens when the agent asks; feature `permissions`. Absent means `auto`. */
  permissions: permissionsSchema.optional(),
  /** ms for an answer to what the agent asks; the server's word comes first. */
  approvalTimeout: approvalTimeoutSchema.optional(),
  /** The agent's session stays open after a turn, for the next `task:input`, until `task:finish`; feature `interactive`. */
  interactive: z.boolean().optional(),
  /** A git work tree of its own; feature `worktree`. */
  workspace: worktreeOrderSchema.optional(),
});
export type TaskRequest = z.infer<typeof taskRequestSchema>;

const tokensSchema = z.int().nonnegative();

/** What an agent's models took, by the agent's own count; its subagents included where it counts them. */
export const taskUsageSchema = z.object({
  /** All that the models read, cached or not. */
  inputTokens: tokensSchema,
  /** All that they wrote, their reasoning included. */
  outputTokens: tokensSchema,
  /** Of `inputTokens`: read from a cache. Absent when the agent does not say. */
  cachedInputTokens: tokensSchema.optional(),
  /** Of `outputTokens`: reasoning. Absent when the agent does not say. */
  reasoningTokens: tokensSchema.optional(),
  /** US dollars by the agent's own price list; absent when it has none. */
  costUsd: z.number().nonnegative().optional(),
});
export type TaskUsage = z.infer<typeof taskUsageSchema>;

/** What every server understands. */
export const taskResultV1Schema = z.object({
  success: z.boolean(),
  exitCode: z.number().int().optional(),
  output: z.string().optional(),
  /** ms from the agent's start to its end, by the host's monotonic clock. */
  duration: z.number().nonnegative().optional(),
  filesChanged: z.array(z.string()).optional(),
});

/** With what only version 2 says. */
export const taskResultSchema = taskResultV1Schema.extend({
  /** Who says what changed: git, by the work tree before and after, or the agent alone. */
  changesFrom: z.enum(['git', 'agent']).optional(),
  /** Of what git says: unified, binary files by name only. */
  diff: z.string().optional(),
  /** `diff` lacks what went beyond `MAX_DIFF_BYTES`. */
  diffTruncated: z.boolean().optional(),
  /** What it left in its repository, when it had a work tree of its own. */
  workspace: workspaceResultSchema.optional(),
  /** Absent when the agent does not count. */
  usage: taskUsageSchema.optional(),
});
export type TaskResult = z.infer<typeof taskResultSchema>;

export const TASK_STATUSES = ['queued', 'assigned', 'running', 'completed', 'failed', 'timeout', 'aborted'] as const;
export const taskStatusSchema = z.enum(TASK_STATUSES);
export type TaskStatus = z.infer<typeof taskStatusSchema>;

export const TERMINAL_STATUSES = ['completed', 'failed', 'timeout', 'aborted'] as const;
export type TerminalStatus = (typeof TERMINAL_STATUSES)[number];

export function isTerminal(status: TaskStatus): status is TerminalStatus {
  return status === 'completed' || status === 'failed' || status === 'timeout' || status === 'aborted';
}

/**
 * What becomes of a running task whose host stays away for longer than `RECONNECT_GRACE_MS`, or comes back without the run:
 * - `requeue`, the default: it goes to another host, at most `MAX_ATTEMPTS` times.
 * - `wait`: it is kept for its host, for at most `QUEUE_TIMEOUT_MS`.
 * - `fail`: it ends `failed` with `host_lost`.
 * With the latter two no attempt follows one that reached `running`, and a host that comes back without the run fails the task.
 */
export const hostLostPolicySchema = z.enum(['requeue', 'wait', 'fail']);
export type HostLostPolicy = z.infer<typeof hostLostPolicySchema>;

/**
 * What becomes of a task whose agent failed by itself (`agent_failed`, `agent_crashed`): another attempt, until `maxAttempts` of
 * them have ended so, the first included. `backoffMs` is the wait before the second, doubled before each further one up to
 * `MAX_RETRY_BACKOFF_MS`. Attempts that were lost with their host are not among them.
 */
export const retrySchema = z.strictObject({
  maxAttempts: z
    .int('must be a whole number of attempts, the first included')
    .min(1, 'must be at least 1; leave out "retry" for no second attempt')
    .max(MAX_RETRY_ATTEMPTS, `must be at most ${MAX_RETRY_ATTEMPTS}`),
  backoffMs: z
    .int('must be a whole number of milliseconds')
    .min(MIN_RETRY_BACKOFF_MS, `must be at least ${MIN_RETRY_BACKOFF_MS} ms`)
    .max(MAX_RETRY_BACKOFF_MS, `must be at most ${MAX_RETRY_BACKOFF_MS} ms`)
    .default(DEFAULT_RETRY_BACKOFF_MS),
});
export type Retry = z.infer<typeof retrySchema>;

/** Why a task is not running yet. */
export const WAITING_REASONS = [
  /** `hostId` names a host that this pool has never seen. */
  'unknown_host',
  /** The host named by `hostId` is offline. */
  'host_offline',
  /** No host is online at all. */
  'no_host_online',
  /** No online host offers the agent. */
  'no_host_with_agent',
  /** No online host with the agent has the labels. */
  'no_host_with_labels',
  /** No online host with agent and labels has announced what the task needs beyond version 1 of the protocol. */
  'no_host_with_features',
  /** Another task is at work in the session that this one is to go on with. */
  'session_busy',
  /** Every host that fits is at its `maxConcurrent`. */
  'all_hosts_busy',
  /** Every host that fits has refused this task or takes no work just now. */
  'refused_by_hosts',
  /** Its host was lost; it is held for it until the grace is over. */
  'host_reconnecting',
  /** Handed to a host that has not answered yet. */
  'awaiting_host',
  /** Its agent failed; another attempt follows when the backoff of its `retry` is over. */
  'awaiting_retry',
] as const;
export const waitingSchema = z.object({ reason: z.enum(WAITING_REASONS), message: z.string() });
export type Waiting = z.infer<typeof waitingSchema>;

/** The end of an attempt that had been given away; kept beside the task, never as its result. */
export const lateAttemptSchema = z.object({
  attempt: z.int(),
  hostId: z.string(),
  /** ms; when the late end arrived. */
  at: z.int(),
  result: taskResultSchema.optional(),
  error: z.string().optional(),
});
export type LateAttempt = z.infer<typeof lateAttemptSchema>;

/** An attempt whose agent failed by itself and after which the task asked for another; its log says the rest. */
export const failedAttemptSchema = z.object({
  attempt: z.int(),
  hostId: z.string(),
  /** ms; when the end arrived. */
  at: z.int(),
  error: taskErrorSchema,
  result: taskResultSchema.optional(),
});
export type FailedAttempt = z.infer<typeof failedAttemptSchema>;

/** A task as the API shows it; times are ms since the epoch, values of `env` never come back. */
export const taskSchema = z.object({
  id: taskIdSchema,
  status: taskStatusSchema,
  prompt: z.string(),
  agentType: z.string(),
  cwd: z.string().optional(),
  model: z.string().optional(),
  /** ms; the limit in force once assigned, before that the one asked for. */
  timeout: z.number().optional(),
  /** As given: the task in whose session this one goes on. */
  continueTask: taskIdSchema.optional(),
  /** As given; absent means that a silent agent is ended by `timeout` alone. */
  idleTimeout: z.number().optional(),
  /** As given; absent means `auto`. */
  permissions: permissionsSchema.optional(),
  /** ms, as given. */
  approvalTimeout: approvalTimeoutSchema.optional(),
  /** As given. */
  interactive: z.boolean().optional(),
  /** As given, or as the task has it that this one continues. */
  workspace: workspaceSchema.optional(),
  labels: z.record(z.string(), z.string()).optional(),
  metadata: z.record(z.string(), z.unknown()).optional(),
  envNames: z.array(z.string()).optional(),
  /** As given; absent means `requeue`. */
  onHostLost: hostLostPolicySchema.optional(),
  /** As given; absent means that an agent's own failure ends the task. */
  retry: retrySchema.optional(),
  /** The host that runs or ran it; before it is assigned, the one that was asked for. */
  hostId: hostIdSchema.optional(),
  /** 0 until first offered to a host. */
  attempt: z.int(),
  createdAt: z.int(),
  /** `sub` of the token that created it. */
  createdBy: z.string().optional(),
  startedAt: z.int().optional(),
  finishedAt: z.int().optional(),
  /** Set while an abort waits for the host's word. */
  aborting: z.boolean().optional(),
  sessionId: z.string().optional(),
  /** How many of the agent's questions wait for an answer, when any do. */
  pendingApprovals: z.int().optional(),
  result: taskResultSchema.optional(),
  error: taskErrorSchema.optional(),
  failedAttempts: z.array(failedAttemptSchema).optional(),
  lateAttempts: z.array(lateAttemptSchema).optional(),
  waiting: waitingSchema.optional(),
});
export type Task = z.infer<typeof taskSchema>;
