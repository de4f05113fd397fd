import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** A pid is only meaningful with its start time: pids are used again. */
export const processIdentitySchema = z.object({ pid: z.int().positive(), startTime: z.string().min(1) });
export type ProcessIdentity = z.infer<typeof processIdentitySchema>;

/** Field 22 of `/proc/<pid>/stat`, counted behind the command's name, which may hold spaces and parentheses. */
const START_TIME_FIELD = 19;

function linuxStartTime(pid: number): string | null {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // A zombie holds nothing any more: no port, no file, no lock.
  return fields[0] === 'Z' ? null : (fields[START_TIME_FIELD] ?? null);
}

/** When the process began, in a form that is good for comparing alone; null when there is none of this pid. */
export function startTimeOf(pid: number): string | null {
  try {
    if (process.platform === 'linux') return linuxStartTime(pid);
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || null;
  } catch {
    return null;
  }
}

export function identityOf(pid: number): ProcessIdentity | null {
  const startTime = startTimeOf(pid);
  return startTime === null ? null : { pid, startTime };
}

export function isAlive(identity: ProcessIdentity): boolean {
  return startTimeOf(identity.pid) === identity.startTime;
}
