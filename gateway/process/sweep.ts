import { setTimeout as sleep } from 'node:timers/promises';
import { KILL_GRACE_MS } from '../../shared/limits.ts';
import { identityKey, type ProcessEntry, processesOfRun } from '../domain/run-processes.ts';
import { isErrno } from '../runs/durable.ts';
import type { ProcessIdentity } from '../runs/files.ts';
import { isAlive } from './identity.ts';
import { processTable } from './process-table.ts';

/** Between two looks at the process table: well below the second that "gone within 6 s" leaves after TERM and grace. */
const LOOK_MS = 100;
/** A look at the table is not atomic: only so many empty ones in a row mean that nothing is left. */
const EMPTY_LOOKS = 2;
/**
 * How often KILL is sent, five seconds' worth of looks. What survives it hangs in the kernel and goes when that lets it. Counted,
 * for time also passes while this process is stopped and sends none.
 */
const MAX_KILLS = 50;

export interface SweepOptions {
  /** Value of `AGENT_GATEWAY_RUN` in what the run started; null: only the agent, what comes of it, and what is in its session. */
  mark: string | null;
  /** The agent, leader of its own process group and session; null when it is not known. */
  agent: ProcessIdentity | null;
  /** What is to stay: an agent that is kept, with what belongs to it. */
  spare?: readonly ProcessIdentity[];
  /** ms from any moment on; the process's own clock if not given. */
  clock?: () => number;
}

/**
 * Ends every process of a run: TERM, after `KILL_GRACE_MS` KILL, until none is left. Returns those that even KILL did not
 * end (normally none).
 */
export async function sweep(options: SweepOptions): Promise<ProcessIdentity[]> {
  const { clock = () => performance.now(), spare = [] } = options;
  const spared = new Set(spare.map(identityKey));
  const started = clock();
  const known = new Map<string, ProcessIdentity>();
  const terminated = new Set<string>();
  let emptyLooks = 0;
  let kills = 0;
  for (;;) {
    const table = await processTable(options.mark);
    const members = processesOfRun(table, { agent: options.agent, known: [...known.values()], self: process.pid });
    const targets = members.filter((member) => !spared.has(identityKey(member)));
    emptyLooks = targets.length === 0 ? emptyLooks + 1 : 0;
    if (emptyLooks === EMPTY_LOOKS) return [];
    for (const target of targets) known.set(identityKey(target), target);
    if (kills > MAX_KILLS) return targets;
    if (clock() - started >= KILL_GRACE_MS) {
      await signalAll(targets, 'SIGKILL');
      kills += 1;
    } else await terminateNew(targets, terminated, options.agent);
    if (targets.length > 0) await sleep(LOOK_MS);
  }
}

/** TERM once for each process, and for the agent's group, which catches what was forked since the look. */
async function terminateNew(targets: ProcessEntry[], terminated: Set<string>, agent: ProcessIdentity | null) {
  const fresh = targets.filter((target) => !terminated.has(identityKey(target)));
  for (const target of fresh) terminated.add(identityKey(target));
  const leader = fresh.find((target) => agent !== null && identityKey(target) === identityKey(agent));
  if (leader !== undefined && (await isAlive(leader))) signal(-leader.pid, 'SIGTERM');
  await signalAll(
    fresh.filter((target) => target !== leader),
    'SIGTERM',
  );
}

async function signalAll(targets: ProcessIdentity[], name: NodeJS.Signals): Promise<void> {
  for (const target of targets) {
    if (await isAlive(target)) signal(target.pid, name);
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // Gone in between, or another user's (a setuid program): neither is ours to end.
    if (!isErrno(error, 'ESRCH', 'EPERM')) throw error;
  }
}
