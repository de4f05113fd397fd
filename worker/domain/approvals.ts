/** What an agent asks, and who answers. Pure: `now` is passed in, and what is stored of an approval beside it. */
import type { Approval, ApprovalNote } from '../../shared/approval.ts';
import { DEFAULT_APPROVAL_TIMEOUT_MS, MAX_PENDING_APPROVALS } from '../../shared/limits.ts';
import type { ApprovalAnswer, DecideReply } from '../rpc.ts';
import { runOf } from './lifecycle.ts';
import type { Pool } from './pool.ts';
import type { PoolTask } from './pool-task.ts';

/** Takes up what the agent of a task asks; a repeat, or one that is answered, changes nothing. */
export function noteApproval(pool: Pool, task: PoolTask, note: ApprovalNote, now: number): PoolTask {
  const known = pool.approval(task.id, note.id);
  if (note.state === 'closed') {
    if (known?.status !== 'pending') return task;
    pool.putApproval(task.id, { ...known, status: 'withdrawn' });
    return putAsking(pool, task, without(task, note.id));
  }
  if (known !== null) return task;
  const { id, action, options } = note;
  const expiresAt = now + (task.approvalTimeout ?? DEFAULT_APPROVAL_TIMEOUT_MS);
  const asked: Approval = { id, attempt: task.offer, status: 'pending', action, options, askedAt: now, expiresAt };
  if ((task.asking?.length ?? 0) >= MAX_PENDING_APPROVALS) {
    answer(pool, task, { ...asked, status: 'denied', decision: 'deny', decidedAt: now });
    return task;
  }
  pool.putApproval(task.id, asked);
  return putAsking(pool, task, [...(task.asking ?? []), { id, expiresAt }]);
}

export interface Decision extends ApprovalAnswer {
  taskId: string;
  /** `sub` of who decides. */
  by: string;
}

/** A client's answer. The same answer again is no error; another one, or one that comes too late, is. */
export function decideApproval(pool: Pool, { taskId, approvalId, decision, by }: Decision, now: number): DecideReply {
  const task = pool.task(taskId);
  const known = pool.approval(taskId, approvalId);
  if (task === null || known === null) {
    return { kind: 'error', code: 'not_found', message: 'No such approval; of an ended attempt the log has them.' };
  }
  if (known.decision === decision && known.status !== 'expired') return { kind: 'decided', approval: known };
  if (known.status !== 'pending') {
    const message = `The approval is ${known.status}: it takes no other answer.`;
    return { kind: 'error', code: 'approval_decided', message };
  }
  if (!known.options.includes(decision)) {
    const message = `decision: the agent takes ${known.options.map((option) => `"${option}"`).join(' or ')}.`;
    return { kind: 'error', code: 'invalid_request', message };
  }
  const status = decision === 'deny' ? 'denied' : 'allowed';
  const approval: Approval = { ...known, status, decision, decidedAt: now, decidedBy: by };
  answer(pool, task, approval);
  putAsking(pool, task, without(task, known.id));
  return { kind: 'decided', approval };
}

/** Denies what nobody has answered in time. */
export function expireApprovals(pool: Pool, task: PoolTask, now: number): void {
  for (const { id } of (task.asking ?? []).filter(({ expiresAt }) => expiresAt <= now)) {
    const known = pool.approval(task.id, id);
    if (known !== null) answer(pool, task, { ...known, status: 'expired', decision: 'deny', decidedAt: now });
  }
  putAsking(
    pool,
    task,
    (task.asking ?? []).filter(({ expiresAt }) => expiresAt > now),
  );
}

/** Keeps the answer and owes it to the host. */
function answer(pool: Pool, task: PoolTask, approval: Approval): void {
  pool.putApproval(task.id, approval);
  const { id, decision } = approval;
  if (task.hostId === undefined || decision === undefined) return;
  pool.owe({
    kind: 'input',
    hostId: task.hostId,
    run: runOf(task),
    inputId: `approval-${id}`,
    content: '',
    signal: { approvalId: id, decision },
  });
}

function without(task: PoolTask, id: string): NonNullable<PoolTask['asking']> {
  return (task.asking ?? []).filter((asked) => asked.id !== id);
}

function putAsking(pool: Pool, task: PoolTask, asking: NonNullable<PoolTask['asking']>): PoolTask {
  const next: PoolTask = { ...task, asking: asking.length === 0 ? undefined : asking };
  pool.putTask(next);
  return next;
}
