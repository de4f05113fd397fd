import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { ProcessIdentity } from '../runs/files.ts';
import { processEntry } from './process-table.ts';

/** Who the process with this pid is, so that it is never taken for a later one of the same pid; null when there is none. */
export async function identityOf(pid: number): Promise<ProcessIdentity | null> {
  const entry = await processEntry(pid);
  return entry === null || entry.zombie ? null : { pid, startTime: entry.startTime };
}

/** This process. */
export async function ownIdentity(): Promise<ProcessIdentity> {
  const identity = await identityOf(process.pid);
  if (identity === null) throw new Error('the process table does not show this process');
  return identity;
}

/** Whether that very process still lives: same pid and same start; a zombie does not count as alive. */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  return (await identityOf(identity.pid))?.startTime === identity.startTime;
}

/** Differs after every boot of the machine: start times and pids from before mean nothing. */
export async function bootId(): Promise<string> {
  if (process.platform === 'linux') return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  const { stdout } = await promisify(execFile)('sysctl', ['-n', 'kern.bootsessionuuid']);
  return stdout.trim();
}
