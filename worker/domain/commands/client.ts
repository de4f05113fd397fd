/** What clients ask of a task or a host. Pure. */
import type { GatewayConfig } from '../../../shared/host.ts';
import type { CommandReply, RpcError } from '../../rpc.ts';
import { finish, runOf } from '../lifecycle.ts';
import { agentNameOn } from '../placement.ts';
import type { Pool } from '../pool.ts';
import { isActive, type PoolTask } from '../pool-task.ts';

const NOT_FOUND: RpcError = { kind: 'error', code: 'not_found', message: 'No such task.' };

/**
 * Accepted in every status but a terminal one; repeated while the agent stops, it changes nothing. Where no agent can have
 * started, or nobody can be reached who would stop it, the task ends at once.
 */
export function abortTask(pool: Pool, taskId: string, now: number): CommandReply {
  const task = pool.task(taskId);
  if (task === null) return NOT_FOUND;
  if (!isActive(task)) {
    return { kind: 'error', code: 'task_finished', message: `The task has ended already: ${task.status}.` };
  }
  if (task.abortedAt !== undefined) return { kind: 'accepted' };
  const host = task.hostId === undefined ? null : pool.host(task.hostId);
  const aborting: PoolTask = { ...task, abortedAt: now };
  if (task.status === 'queued' || !task.delivered || host === null || !host.online) {
    finish(pool, aborting, { status: 'aborted', now });
  } else {
    pool.putTask(aborting);
    pool.owe({ kind: 'abort', hostId: host.hostId, run: runOf(task) });
  }
  return { kind: 'accepted' };
}

export interface Input {
  inputId: string;
  content: string;
  /** Inputs of this task that are owed already. */
  pending: number;
  maxPending: number;
}

/** The task with the host that runs it. */
function runningTask(pool: Pool, taskId: string): { task: PoolTask; hostId: string } | RpcError {
  const task = pool.task(taskId);
  if (task === null) return NOT_FOUND;
  const { status, abortedAt, hostId } = task;
  if (status === 'running' && abortedAt === undefined && hostId !== undefined) return { task, hostId };
  const shown = abortedAt !== undefined && isActive(task) ? 'being aborted' : status;
  return {
    kind: 'error',
    code: 'task_not_running',
    message: `Only a running task takes this; this one is ${shown}.`,
  };
}

/** Queues text for the running agent; it reaches the host once, also over a reconnect. */
export function inputTask(pool: Pool, taskId: string, input: Input): CommandReply {
  const running = runningTask(pool, taskId);
  if ('code' in running) return running;
  const { task, hostId } = running;
  if (task.finishAsked === true) {
    const message = 'The task was told to finish: it takes no more input.';
    return { kind: 'error', code: 'task_not_running', message };
  }
  const host = pool.host(hostId);
  if (host?.withoutInput.includes(agentNameOn(host, task)) === true) {
    const message = `"${task.agentType}" on host "${hostId}" takes no input while it runs.`;
    return { kind: 'error', code: 'input_unsupported', message };
  }
  if (input.pending >= input.maxPending) {
    const message = `MAX_PENDING_INPUTS: ${input.pending} inputs wait for the host already; send more when it has them.`;
    return { kind: 'error', code: 'limit_exceeded', message, limit: 'MAX_PENDING_INPUTS' };
  }
  const { inputId, content } = input;
  pool.owe({ kind: 'input', hostId, run: runOf(task), inputId, content });
  return { kind: 'accepted' };
}

/** Lets an interactive agent end with its turn, after what was sent to it before; repeated, it changes nothing. */
export function finishTask(pool: Pool, taskId: string): CommandReply {
  const running = runningTask(pool, taskId);
  if ('code' in running) return running;
  const { task, hostId } = running;
  if (task.interactive !== true) {
    const message =
      'Only a task that was created with "interactive": true is finished so; this one ends with its agent.';
    return { kind: 'error', code: 'not_interactive', message };
  }
  if (task.finishAsked === true) return { kind: 'accepted' };
  pool.putTask({ ...task, finishAsked: true });
  pool.owe({ kind: 'input', hostId, run: runOf(task), inputId: 'finish', content: '', signal: 'finish' });
  return { kind: 'accepted' };
}

/** Merges and keeps the configuration of a known host; it is sent at once or after the next `registered`. */
export function patchHostConfig(
  pool: Pool,
  hostId: string,
  patch: Partial<GatewayConfig>,
): Partial<GatewayConfig> | null {
  const host = pool.host(hostId);
  if (host === null) return null;
  const config = { ...host.config, ...patch };
  pool.putHost({ ...host, config });
  pool.owe({ kind: 'configure', hostId, config: patch });
  return config;
}
