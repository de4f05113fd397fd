import { z } from 'zod';
import { approvalDecisionSchema } from '../../shared/approval.ts';
import { taskErrorSchema } from '../../shared/errors.ts';
import { agentEventSchema } from '../../shared/event.ts';
import { runRefShape } from '../../shared/protocol/run-ref.ts';
import { taskRequestSchema, taskResultSchema } from '../../shared/task.ts';
import { permissionRuleSchema } from '../domain/permission-rules.ts';

/**
 * The files of a run directory, `<state>/runs/<taskId>.<attempt>/` (0700, files 0600). The directory is the only thing that
 * the daemon and a supervisor share: each file has one writer, so either may die and come back at any instant.
 *
 * | file | writer | what |
 * |---|---|---|
 * | `request.json` | daemon, once, fsynced before `task:started` | what to run |
 * | `control.jsonl` | daemon, appended | aborts, inputs, answers and the end of input for the supervisor |
 * | `uploaded.json` | daemon, replaced | how far a version-1 server, which acknowledges nothing, was told |
 * | `settled.json` | daemon, once | the server's last word: the directory may be removed |
 * | `supervisor.json` | supervisor, once | who supervises |
 * | `session.json` | supervisor, replaced | the agent's session id |
 * | `events.jsonl` | supervisor, appended | numbered events, each line with its checksum |
 * | `result.json` | supervisor, once, by rename | how it ended; written after the last event is durable |
 * | `stderr.log` | supervisor's own output | what went wrong with the supervisor itself |
 * | `git/` | git, for the supervisor | what it needs to compare the work tree; removed at the end |
 * | `tmp/` | some agents | what they unpack for themselves; removed when they have ended |
 */
export const RUN_FILES = {
  REQUEST: 'request.json',
  CONTROL: 'control.jsonl',
  UPLOADED: 'uploaded.json',
  SETTLED: 'settled.json',
  SUPERVISOR: 'supervisor.json',
  SESSION: 'session.json',
  EVENTS: 'events.jsonl',
  RESULT: 'result.json',
  STDERR: 'stderr.log',
} as const;

/** How an agent is started and its output read; resolved by the daemon from its own configuration, never by the server. */
export const agentSpecSchema = z.discriminatedUnion('protocol', [
  /** `opencode run --format json`; `command` is the executable and leading arguments. */
  z.object({ protocol: z.literal('opencode'), command: z.array(z.string()).min(1) }),
  /** Other CLIs that print JSON lines for one prompt; `command` likewise. */
  z.object({ protocol: z.enum(['claude', 'gemini', 'codex']), command: z.array(z.string()).min(1) }),
  /** Claude Code as a conversation; `command` likewise. */
  z.object({ protocol: z.literal('claude-stream'), command: z.array(z.string()).min(1) }),
  /** Any agent that speaks the Agent Client Protocol on stdin and stdout once `command` runs. */
  z.object({ protocol: z.literal('acp'), command: z.array(z.string()).min(1) }),
  /** Any program: prompt on stdin, every line of output a `log` event. */
  z.object({
    protocol: z.literal('text'),
    command: z.array(z.string()).min(1),
    /** Keep stdin open after the prompt and write each `task:input` to it as a line. */
    input: z.boolean().default(false),
  }),
]);
export type AgentSpec = z.infer<typeof agentSpecSchema>;

export const runRequestSchema = z.object({
  ...runRefShape,
  task: taskRequestSchema,
  agent: agentSpecSchema,
  /** The whole environment of the agent, the policy already applied; the supervisor adds the mark alone. */
  env: z.record(z.string(), z.string()),
  /** Names in `env` whose values are secrets: they are taken out of all that the run tells. */
  secretNames: z.array(z.string()).default([]),
  /** Value of `AGENT_GATEWAY_RUN` in the environment of all that the agent starts: random, unique to this run. */
  mark: z.string().min(16),
  /** The owner's, in order. */
  rules: z.array(permissionRuleSchema).default([]),
  /** The owner's command around the agent; null: none. */
  wrap: z.array(z.string()).nullable().default(null),
  /** The owner's command for a new work tree. */
  setup: z.object({ command: z.array(z.string()).min(1), timeoutMs: z.number().positive() }).optional(),
  /** Other runs at work in the same directory when this one was accepted; absent for none. */
  neighbours: z.int().positive().optional(),
  /** ms, from the agent's start. */
  timeoutMs: z.number().positive(),
  /** For how long (ms) the agent is kept for another task when this one is done, if it can be, and how many are; absent: it ends. */
  keepWarm: z.object({ ms: z.number().positive(), count: z.int().positive() }).optional(),
  /** How often a spawn that fails is tried again. */
  spawnRetries: z.int().min(0),
  /** ms since the epoch, host's clock. */
  createdAt: z.int(),
  /** The machine's boot: a directory from an earlier one has no living supervisor. */
  bootId: z.string(),
});
export type RunRequest = z.infer<typeof runRequestSchema>;

/** The values that nothing may tell which the run does. */
export function secretsOf({ env, secretNames }: Pick<RunRequest, 'env' | 'secretNames'>): string[] {
  return secretNames.flatMap((name) => env[name] ?? []);
}

/** A pid is only meaningful with its start time: pids are used again. */
export const processIdentitySchema = z.object({
  pid: z.int().positive(),
  /** Ticks since boot on Linux (field 22 of `/proc/<pid>/stat`), elsewhere what `ps -o lstart=` prints. */
  startTime: z.string(),
});
export type ProcessIdentity = z.infer<typeof processIdentitySchema>;

export const supervisorFileSchema = processIdentitySchema.extend({
  bootId: z.string(),
  /** As in the request: should that be damaged, what the agent has started is still found. Absent before this was kept. */
  mark: z.string().optional(),
});
export type SupervisorFile = z.infer<typeof supervisorFileSchema>;

export const sessionFileSchema = z.object({ sessionId: z.string() });

/** One line of `control.jsonl`; `id` makes a repeated line harmless. */
export const controlLineSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('abort'), id: z.string(), reason: z.enum(['abort', 'superseded', 'shutdown']) }),
  z.object({ kind: z.literal('input'), id: z.string(), content: z.string() }),
  z.object({ kind: z.literal('finish'), id: z.string() }),
  z.object({ kind: z.literal('approval'), id: z.string(), approvalId: z.string(), decision: approvalDecisionSchema }),
]);
export type ControlLine = z.infer<typeof controlLineSchema>;

/** The JSON part of one line of `events.jsonl`: `<crc32 of the JSON, 8 hex digits> <JSON>\n`. `n` counts 1, 2, 3 … */
export const eventRecordSchema = z.object({ n: z.int().min(1), event: agentEventSchema });
export type EventRecord = z.infer<typeof eventRecordSchema>;

export const resultFileSchema = z.object({
  /** Number of the last event in `events.jsonl`; 0 for none. */
  lastSeq: z.int().min(0),
  finishedAt: z.int(),
  result: taskResultSchema,
  /** Set exactly when `result.success` is false. */
  error: taskErrorSchema.optional(),
});
export type ResultFile = z.infer<typeof resultFileSchema>;

export const uploadedFileSchema = z.object({
  /** Number of the last event that was written to a socket. */
  written: z.int().min(0),
});

export const settledFileSchema = z.object({
  outcome: z.enum(['committed', 'superseded', 'rejected']),
  settledAt: z.int(),
});
export type SettledFile = z.infer<typeof settledFileSchema>;
