/** A task as SchedulerDO keeps it. Pure: no clock, randomness, storage or network; `now` is passed in. */
import { z } from 'zod';
import { permissionsSchema } from '../../shared/approval.ts';
import { failureCodeSchema } from '../../shared/errors.ts';
import { scopeSchema } from '../../shared/scope.ts';
import { hostLostPolicySchema, isTerminal, retrySchema, taskStatusSchema } from '../../shared/task.ts';
import { workspaceSchema } from '../../shared/workspace.ts';

/**
 * The small part of a task: everything that dispatch and the lifecycle need. Prompt, environment values, metadata and
 * results are kept apart, so that ten thousand waiting tasks fit in memory. Times are ms since the epoch, server's clock.
 */
export const poolTaskSchema = z.object({
  id: z.string(),
  /** Place in the order of creation; also the list's cursor. */
  order: z.int(),
  createdAt: z.int(),
  status: taskStatusSchema,
  agentType: z.string(),
  /** `sub` of who created it; absent in rows of before. */
  createdBy: z.string().optional(),
  /** What that token was narrowed to. */
  scope: scopeSchema.optional(),
  labels: z.record(z.string(), z.string()).optional(),
  /** The host that the task asked for. */
  wantedHost: z.string().optional(),
  /** The task that it continues, and the agent's session to go on with. */
  continueTask: z.string().optional(),
  resumeSession: z.string().optional(),
  cwd: z.string().optional(),
  model: z.string().optional(),
  timeout: z.number().optional(),
  idleTimeout: z.number().optional(),
  envNames: z.array(z.string()).optional(),
  onHostLost: hostLostPolicySchema.optional(),
  retry: retrySchema.optional(),
  permissions: permissionsSchema.optional(),
  approvalTimeout: z.number().optional(),
  interactive: z.boolean().optional(),
  workspace: workspaceSchema.optional(),
  /** Of the work tree of an earlier task that it goes on in. */
  worktree: z.string().optional(),
  /** Nothing more is to be sent to the agent: it ends with its turn, in this attempt and any other. */
  finishAsked: z.boolean().optional(),
  /** The agent's questions that wait for an answer; gone when none do. */
  asking: z.array(z.object({ id: z.string(), expiresAt: z.int() })).optional(),
  /** Name of the log object. */
  log: z.string(),
  /** Number of status records made so far; the next one has `rev + 1`. */
  rev: z.int(),

  /** The attempt that was last offered, 0 before the first. Shown as `attempt` once `delivered`. */
  offer: z.int(),
  /** That offer was handed to a socket; true as well before the first. */
  delivered: z.boolean(),
  /** The host of that offer; kept while the task waits again, so that a returning host may go on with it. */
  hostId: z.string().optional(),
  /** Directory and time limit (ms) of that offer: the task's own, or else the host's. */
  offerCwd: z.string().optional(),
  offerLimit: z.number().optional(),
  offeredAt: z.int().optional(),
  /** Since when `task:started` is awaited; later than `offeredAt` after a reconnect. */
  answerAwaitedFrom: z.int().optional(),
  startedAt: z.int().optional(),
  /** The host said nothing before this, for it was away: its time limit is not judged earlier. */
  limitNotBefore: z.int().optional(),
  /** Since when its host id is connected from another state directory than its run's. */
  awaySince: z.int().optional(),
  queuedAt: z.int(),
  sessionId: z.string().optional(),
  /** Attempts that reached `running`. */
  starts: z.int(),
  /** Offers since the last start that never reached `running`. */
  unstarted: z.int(),
  /** Hosts that refused it for good, with their words; each counts until that host registers anew, which raises its epoch. */
  refusals: z.record(z.string(), z.object({ epoch: z.int(), words: z.string() })).optional(),
  /** The host that was lost with it: any other is preferred. */
  avoid: z.string().optional(),
  abortedAt: z.int().optional(),
  /** Attempts whose agent failed by itself and after which the task asked for another. */
  failures: z.array(z.object({ attempt: z.int(), hostId: z.string() })).optional(),
  /** It waits for a retry, and nothing is offered before this; gone as soon as that is over. */
  retryAt: z.int().optional(),

  finishedAt: z.int().optional(),
  /** The attempt whose end was committed; absent when the server itself ended the task. */
  committed: z.int().optional(),
  error: z.object({ code: failureCodeSchema, message: z.string() }).optional(),
  archived: z.boolean().optional(),
});
export type PoolTask = Readonly<z.infer<typeof poolTaskSchema>>;

export function isActive(task: PoolTask): boolean {
  return !isTerminal(task.status);
}

/** It holds one of its host's slots. */
export function holdsSlot(task: PoolTask): boolean {
  return task.status === 'assigned' || task.status === 'running';
}

/** The agent's session that it is at work in, as far as is known. */
export function sessionOf(task: PoolTask): string | undefined {
  return task.sessionId ?? task.resumeSession;
}

/** The host's end of this attempt was taken: a repeat of it gets the same answer, and its run is owed nothing more. */
export function hasCommitted(task: PoolTask, hostId: string, attempt: number): boolean {
  if (task.committed === attempt && task.hostId === hostId) return true;
  return (task.failures ?? []).some((failure) => failure.attempt === attempt && failure.hostId === hostId);
}

/** `attempt` as the API shows it: it rises only when `task:execute` is handed to a socket (L2). */
export function shownAttempt(task: PoolTask): number {
  return task.delivered ? task.offer : task.offer - 1;
}
