/** A task as the API shows it, large parts apart. Pure. */
import type { Task, Waiting } from '../../shared/task.ts';
import type { TaskBody, TaskView } from '../rpc.ts';
import { waitingFor } from './placement.ts';
import type { Pool } from './pool.ts';
import { isActive, type PoolTask, sessionOf, shownAttempt } from './pool-task.ts';
import { waitingForRetry } from './retry.ts';

function waitingOf(pool: Pool, task: PoolTask): Waiting | undefined {
  if (!isActive(task)) return undefined;
  const host = task.hostId === undefined ? null : pool.host(task.hostId);
  if (task.status !== 'queued' && host !== null && !host.online) {
    const howLong = task.status === 'running' && task.onHostLost === 'wait' ? 'until it is back' : 'for a while';
    return {
      reason: 'host_reconnecting',
      message: `Host "${host.hostId}" is away; the task is kept for it ${howLong}.`,
    };
  }
  if (task.status === 'assigned') return { reason: 'awaiting_host', message: `Handed to host "${task.hostId}".` };
  if (task.status !== 'queued') return undefined;
  return waitingForRetry(task) ?? waitingFor(pool.candidates(task), task) ?? undefined;
}

export function viewTask(pool: Pool, task: PoolTask, body: Partial<TaskBody> | null): TaskView {
  const holdsOffer = task.status !== 'queued' && task.offer > 0;
  const error = task.error === undefined ? undefined : { ...task.error, details: body?.errorDetails };
  const shown: Omit<Task, 'prompt'> & { prompt?: string } = {
    id: task.id,
    status: task.status,
    prompt: body?.prompt,
    agentType: task.agentType,
    continueTask: task.continueTask,
    cwd: holdsOffer ? task.offerCwd : task.cwd,
    model: task.model,
    timeout: holdsOffer ? task.offerLimit : task.timeout,
    idleTimeout: task.idleTimeout,
    labels: task.labels,
    metadata: body?.metadata,
    envNames: task.envNames,
    onHostLost: task.onHostLost,
    retry: task.retry,
    permissions: task.permissions,
    approvalTimeout: task.approvalTimeout,
    interactive: task.interactive,
    workspace: task.workspace,
    pendingApprovals: task.asking?.length,
    hostId: holdsOffer ? task.hostId : task.wantedHost,
    attempt: shownAttempt(task),
    createdAt: task.createdAt,
    createdBy: task.createdBy,
    startedAt: task.status === 'queued' || task.status === 'assigned' ? undefined : task.startedAt,
    finishedAt: task.finishedAt,
    aborting: task.abortedAt !== undefined && isActive(task) ? true : undefined,
    sessionId: holdsOffer ? sessionOf(task) : task.resumeSession,
    result: body?.result,
    error,
    failedAttempts: body?.failedAttempts,
    lateAttempts: body?.lateAttempts,
    waiting: waitingOf(pool, task),
  };
  return { task: shown, log: task.log, archived: task.archived === true, isScoped: task.scope !== undefined };
}
