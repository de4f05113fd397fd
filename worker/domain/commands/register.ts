/** A host registers: what it has and what the server thinks it has are made one (rules 3 and 4). Pure. */
import { TIMEOUT_SLACK_MS } from '../../../shared/limits.ts';
import type { ReportedRun } from '../../../shared/protocol/register.ts';
import type { RunVerdict } from '../../../shared/protocol/registered.ts';
import type { AssignedRun, HostRegistration, RegisterReply } from '../../rpc.ts';
import { markDelivered, markStarted, requeue, resume, runOf } from '../lifecycle.ts';
import type { Pool } from '../pool.ts';
import type { PoolHost } from '../pool-host.ts';
import { hasCommitted, isActive, type PoolTask } from '../pool-task.ts';

type Verdict = Omit<RunVerdict, 'ackedSeq'> & { log: string | null };

function verdictOn(pool: Pool, host: PoolHost, run: ReportedRun, now: number): Verdict {
  const { taskId, attempt } = run;
  const task = pool.task(taskId);
  if (task === null) return { taskId, attempt, verdict: 'settled', log: null };
  if (hasCommitted(task, host.hostId, attempt)) return { taskId, attempt, verdict: 'settled', log: null };
  const isCurrent = isActive(task) && task.hostId === host.hostId && task.offer === attempt;
  if (!isCurrent) return { taskId, attempt, verdict: 'stop', log: null };
  const held = { ...resume(pool, task, now), awaySince: undefined };
  if (task.awaySince !== undefined) pool.putTask(held);
  if (held.status === 'assigned') markStarted(pool, markDelivered(pool, held, now), '', now);
  return { taskId, attempt, verdict: 'continue', log: task.log };
}

/**
 * A task that it should have and did not name: never started → back at once; started → lost, without grace. What waits
 * already is not waited for. Another daemon says nothing about the runs of the one before: those get the grace, as if their host
 * were away.
 */
function reclaim(pool: Pool, host: PoolHost, named: ReadonlySet<string>, isOther: boolean, now: number): void {
  for (const task of pool.tasksOf(host.hostId)) {
    if (named.has(`${task.id}.${task.offer}`)) continue;
    if (task.delivered && (isOther || task.awaySince !== undefined))
      pool.putTask({ ...task, awaySince: task.awaySince ?? now });
    else if (task.status === 'running') requeue(pool, task, { reason: 'host_lost', now });
    else if (task.delivered) requeue(pool, task, { reason: 'not_delivered', now });
  }
  if (isOther) return;
  for (const task of pool.shadowsOf(host.hostId)) {
    if (!named.has(`${task.id}.${task.offer}`)) pool.putTask({ ...task, hostId: undefined });
  }
}

/** Its clock starts again where its absence had stopped it. */
function rearm(task: PoolTask, now: number): PoolTask {
  return { ...task, answerAwaitedFrom: now, limitNotBefore: now + TIMEOUT_SLACK_MS };
}

export function hostRegistered(pool: Pool, registration: HostRegistration, now: number): RegisterReply {
  const { runs, hostId, epoch, ip, connectedAt, ...offered } = registration;
  const known = pool.host(hostId);
  if (known !== null && known.epoch > epoch) return { kind: 'stale' };
  const host: PoolHost = {
    hostId,
    epoch,
    ...offered,
    ip,
    connectedAt,
    online: true,
    lastSeen: now,
    config: known?.config,
  };
  pool.putHost(host);
  const verdicts = (runs ?? []).map((run) => verdictOn(pool, host, run, now));
  // The call is repeated: what was offered since the first one is on its way, and the host could not have named it.
  const isRepeat = known?.epoch === epoch;
  const isOther = known?.instance !== undefined && known.instance !== host.instance;
  const named = new Set((runs ?? []).map((run) => `${run.taskId}.${run.attempt}`));
  if (runs !== null && !isRepeat) reclaim(pool, host, named, isOther, now);
  for (const task of pool.tasksOf(hostId)) pool.putTask(rearm(task, now));
  pool.nudge({ kind: 'unpark', hostId });
  const assigned: AssignedRun[] = pool
    .tasksOf(hostId)
    .filter((task) => task.delivered && task.awaySince === undefined)
    .map((task) => ({ ...runOf(task), log: task.log }));
  return { kind: 'ok', verdicts, assigned, config: known?.config ?? null };
}
