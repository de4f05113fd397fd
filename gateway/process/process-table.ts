import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { ProcessEntry } from '../domain/run-processes.ts';
import { isErrno } from '../runs/durable.ts';

/** Name of the environment variable that all processes of one run bear. */
export const RUN_MARK = 'AGENT_GATEWAY_RUN';

const execFileAsync = promisify(execFile);
/** In `/proc/<pid>/stat` behind the name: utime, stime and those two of the children collected; proc(5) counts them from 14. */
const FIRST_CPU_FIELD = 11;
const CPU_FIELDS = 4;
/** `USER_HZ`, which is 100 on every architecture that Node.js runs on. */
const MS_PER_TICK = 10;
const SECONDS_PER_DAY = 86_400;
const MS_PER_SECOND = 1000;
/** `ps -E` prints every environment. */
const PS_MAX_BYTES = 64 * 1024 * 1024;

/**
 * Every process of the machine that can be seen; `marked` for those whose environment bears `AGENT_GATEWAY_RUN=<mark>`, with null none.
 * Environments of other users are not readable: such a process counts as unmarked. A process that cleared its environment
 * is found only as a descendant or by its session.
 */
export async function processTable(mark: string | null): Promise<ProcessEntry[]> {
  return process.platform === 'linux' ? procTable(mark) : psTable(mark);
}

/** One process; null when there is none of that pid. `marked` is not looked up. */
export async function processEntry(pid: number): Promise<ProcessEntry | null> {
  if (process.platform === 'linux') return procEntry(pid, null);
  return (await ps(['-p', String(pid)], null))[0] ?? null;
}

async function procTable(mark: string | null): Promise<ProcessEntry[]> {
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
  const ticks = fields.slice(FIRST_CPU_FIELD, FIRST_CPU_FIELD + CPU_FIELDS);
  return {
    pid,
    ppid: Number(parent),
    session: Number(session),
    startTime,
    zombie: state === 'Z' || state === 'X',
    marked: mark !== null && environ.split('\0').includes(`${RUN_MARK}=${mark}`),
    cpuMs: ticks.reduce((sum, count) => sum + Number(count), 0) * MS_PER_TICK,
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
function psTable(mark: string | null): Promise<ProcessEntry[]> {
  return ps(['-A', '-E'], mark);
}

const PS_LINE = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+([\d:.-]+)\s+(\w{3}\s+\w{3}\s+\d+\s+[\d:]+\s+\d{4})\s?(.*)$/;

async function ps(select: string[], mark: string | null): Promise<ProcessEntry[]> {
  const args = [...select, '-ww', '-o', 'pid=,ppid=,stat=,time=,lstart=,command='];
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
    const [, pid, ppid, state = '', time = '', startTime, command = ''] = PS_LINE.exec(line) ?? [];
    if (pid === undefined || startTime === undefined) return [];
    const marked = mark !== null && command.split(' ').includes(`${RUN_MARK}=${mark}`);
    const cpuMs = cpuTimeMs(time);
    return [
      { pid: Number(pid), ppid: Number(ppid), session: null, startTime, zombie: state.startsWith('Z'), marked, cpuMs },
    ];
  });
}

/** ms of what `ps` prints as `time`: `[[dd-]hh:]mm:ss[.cc]`. */
function cpuTimeMs(time: string): number {
  const [days, clock] = time.includes('-') ? time.split('-') : ['0', time];
  const seconds = (clock ?? '').split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
  return (Number(days) * SECONDS_PER_DAY + seconds) * MS_PER_SECOND;
}
