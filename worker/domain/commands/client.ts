/** What clients ask of a task or a host. Pure. */
import type { GatewayConfig } from '../../../shared/host.ts';
import type { CommandReply, RpcError } from '../../rpc.ts';
import { finish, runOf } from '../lifecycle.ts';
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

/** Queues text for the running agent; it reaches the host once, also over a reconnect. */
export function inputTask(pool: Pool, taskId: string, input: Input): CommandReply {
  const task = pool.task(taskId);
  if (task === null) return NOT_FOUND;
  if (task.status !== 'running' || task.abortedAt !== undefined || task.hostId === undefined) {
    const status = task.abortedAt !== undefined && isActive(task) ? 'being aborted' : task.status;
    return {
      kind: 'error',
      code: 'task_not_running',
      message: `Only a running task takes input; this one is ${status}.`,
    };
  }
  if (pool.host(task.hostId)?.withoutInput.includes(task.agentType) === true) {
    const message = `"${task.agentType}" on host "${task.hostId}" takes no input while it runs.`;
    return { kind: 'error', code: 'input_unsupported', message };
  }
  if (input.pending >= input.maxPending) {
    const message = `MAX_PENDING_INPUTS: ${input.pending} inputs wait for the host already; send more when it has them.`;
    return { kind: 'error', code: 'limit_exceeded', message };
  }
  const { inputId, content } = input;
  pool.owe({ kind: 'input', hostId: task.hostId, run: runOf(task), inputId, content });
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
