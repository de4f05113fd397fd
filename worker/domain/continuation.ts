/** What a follow-up has from the task that it continues. Pure. */
import type { CreateTask } from '../../shared/api/tasks.ts';
import type { Origin, RpcError } from '../rpc.ts';
import type { Pool } from './pool.ts';
import type { PoolTask } from './pool-task.ts';

/** A request with its place: the agent, and for a follow-up the host, directory and session of the task before. */
export interface PlacedRequest extends CreateTask {
  agentType: string;
  /** Of the work tree that it goes on in. */
  worktree?: string | undefined;
}

/**
 * Follows the chain no further than one task: what that one continued is in its session. The model is the same unless the
 * request names another; environment and limits are never taken over. The task before may still run: the follow-up waits.
 */
export function placeRequest(pool: Pool, request: CreateTask, { sub, scope }: Origin): PlacedRequest | RpcError {
  const { continueTask, agentType } = request;
  if (continueTask === undefined) {
    if (agentType === undefined) throw new Error('a request without agentType has passed the schema');
    return { ...request, agentType };
  }
  const before = pool.task(continueTask);
  const isOwn = before?.scope !== undefined && before.createdBy === sub;
  // A narrowed token has its own tasks alone.
  if (before === null || (scope !== undefined && !isOwn)) {
    return { kind: 'error', code: 'invalid_request', message: `continueTask: there is no task "${continueTask}".` };
  }
  const sessionId = before.status === 'queued' ? before.resumeSession : before.sessionId;
  if (sessionId === undefined || before.hostId === undefined) {
    const message = `Task "${continueTask}" has no session to continue: its agent has named none.`;
    return { kind: 'error', code: 'no_session', message };
  }
  return {
    ...request,
    agentType: before.agentType,
    hostId: before.hostId,
    cwd: before.offerCwd,
    model: request.model ?? before.model,
    sessionId,
    ...worktreeAfter(before),
  };
}

/** It goes on where the task before worked, also when that was itself a follow-up. */
function worktreeAfter({ id, offer, workspace, worktree }: PoolTask): Pick<PlacedRequest, 'workspace' | 'worktree'> {
  if (workspace?.mode !== 'worktree') return {};
  return { workspace: { mode: 'worktree' }, worktree: worktree ?? `${id}.${offer}` };
}
