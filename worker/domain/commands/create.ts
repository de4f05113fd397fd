/** A client's new task. Pure. */
import type { Scope } from '../../../shared/scope.ts';
import type { PlacedRequest } from '../continuation.ts';
import { record } from '../lifecycle.ts';
import type { Pool } from '../pool.ts';
import type { PoolTask } from '../pool-task.ts';

/** What the shell provides: its number in the order of creation, its id, where its log goes. */
export interface NewTask {
  id: string;
  order: number;
  log: string;
  /** `sub` of who creates it, and what that token is narrowed to. */
  createdBy: string;
  scope?: Scope | undefined;
}

/** True when the queue has room; a full one refuses rather than forgets. */
export function hasRoom(pool: Pool): boolean {
  return pool.waiting.size < pool.settings.MAX_QUEUED_TASKS;
}

export function createTask(
  pool: Pool,
  request: PlacedRequest,
  { id, order, log, createdBy, scope }: NewTask,
  now: number,
): PoolTask {
  const {
    agentType,
    labels,
    hostId,
    continueTask,
    sessionId,
    cwd,
    model,
    timeout,
    idleTimeout,
    env,
    onHostLost,
    retry,
    permissions,
    approvalTimeout,
    interactive,
    workspace,
    worktree,
  } = request;
  const task: PoolTask = {
    id,
    order,
    log,
    createdAt: now,
    queuedAt: now,
    status: 'queued',
    agentType,
    createdBy,
    scope,
    labels,
    wantedHost: hostId,
    continueTask,
    resumeSession: sessionId,
    cwd,
    model,
    timeout,
    idleTimeout,
    onHostLost,
    retry,
    permissions,
    approvalTimeout,
    interactive,
    workspace,
    worktree,
    ...(env === undefined ? {} : { envNames: Object.keys(env) }),
    rev: 0,
    offer: 0,
    delivered: true,
    starts: 0,
    unstarted: 0,
  };
  return record(pool, task, now);
}
