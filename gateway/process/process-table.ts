import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { ProcessEntry } from '../domain/kill-plan.ts';
import { isErrno } from '../runs/durable.ts';

/** Name of the environment variable that all processes of one run bear. */
export const RUN_MARK = 'AGENT_GATEWAY_RUN';

const execFileAsync = promisify(execFile);
/** `ps -E` prints every environment. */
const PS_MAX_BYTES = 64 * 1024 * 1024;

/**
 * Every process of the machine that can be seen; `marked` for those whose environment bears `AGENT_GATEWAY_RUN=<mark>`.
 * Environments of other users are not readable: such a process counts as unmarked. A process that cleared its environment
 * is found only as a descendant or by its session.
 */
export async function processTable(mark: string): Promise<ProcessEntry[]> {
  return process.platform === 'linux' ? procTable(mark) : psTable(mark);
}

/** One process; null when there is none of that pid. `marked` is not looked up. */
export async function processEntry(pid: number): Promise<ProcessEntry | null> {
  if (process.platform === 'linux') return procEntry(pid, null);
  return (await ps(['-p', String(pid)], null))[0] ?? null;
}

async function procTable(mark: string): Promise<ProcessEntry[]> {
  const names = await readdir('/proc');
  const entries = await Promise.all(names.filter((name) => /^\d+$/.test(name)).map((name) => procEntry(+name, mark)));
  return entries.filter((entry) => entry !== null);
}

async function procEntry(pid: number, mark: string | null): Promise<ProcessEntry | null> {
  const stat = await readProc(`/proc/${pid}/stat`);
  // The name in parentheses may hold anything, spaces and parentheses too.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, parent, , session] = fields;
  const startTime = fields[19];
  if (state === undefined || startTime === undefined) return null;
  const environ = mark === null ? '' : await readProc(`/proc/${pid}/environ`);
  return {
    pid,
    ppid: Number(parent),
    session: Number(session),
    startTime,
    zombie: state === 'Z' || state === 'X',
    marked: mark !== null && environ.split('\0').includes(`${RUN_MARK}=${mark}`),
  };
}

/** Empty when the process is gone or another user's. Want of descriptors or memory must not pass for the end of a process. */
async function readProc(path: string): Promise<string> {
  try {
    return await readFile(path, 'latin1');
  } catch (error) {
    if (isErrno(error, 'EMFILE', 'ENFILE', 'ENOMEM')) throw error;
    return '';
  }
}

/** macOS and the BSDs, best effort: `-E` shows the environments of one's own processes behind the command. */
function psTable(mark: string): Promise<ProcessEntry[]> {
  return ps(['-A', '-E'], mark);
}

const PS_LINE = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(\w{3}\s+\w{3}\s+\d+\s+[\d:]+\s+\d{4})\s?(.*)$/;

async function ps(select: string[], mark: string | null): Promise<ProcessEntry[]> {
  const args = [...select, '-ww', '-o', 'pid=,ppid=,stat=,lstart=,command='];
  const options = { maxBuffer: PS_MAX_BYTES, env: { LC_ALL: 'C', PATH: '/bin:/usr/bin' } };
  const stdout = await execFileAsync('ps', args, options).then(
    (output) => output.stdout,
    (error: unknown) => {
      // `ps -p` exits with 1 when there is no such process.
      if (error instanceof Error && 'code' in error && error.code === 1) return '';
      throw error;
    },
  );
  return stdout.split('\n').flatMap((line) => {
    const [, pid, ppid, state = '', startTime, command = ''] = PS_LINE.exec(line) ?? [];
    if (pid === undefined || startTime === undefined) return [];
    const marked = mark !== null && command.split(' ').includes(`${RUN_MARK}=${mark}`);
    return [{ pid: Number(pid), ppid: Number(ppid), session: null, startTime, zombie: state.startsWith('Z'), marked }];
  });
}
