import { readdirSync, readFileSync } from 'node:fs';

/** Looking at other processes through `/proc`: the tests run on Linux. */

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

export function allPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .map(Number);
}

/** State letter and parent, or undefined for a process that is gone. */
function stat(pid: number): { state: string; parent: number } | undefined {
  const text = readProc(pid, 'stat');
  const [state, parent] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return state === undefined || parent === undefined ? undefined : { state, parent: Number(parent) };
}

/** A zombie is dead: it waits only for its parent to take notice. */
export function isAlive(pid: number): boolean {
  const found = stat(pid);
  return found !== undefined && found.state !== 'Z' && found.state !== 'X';
}

/** Children, their children and so on; the process itself last. */
export function treeOf(pid: number): number[] {
  const parents = new Map(allPids().map((each) => [each, stat(each)?.parent]));
  const collect = (root: number): number[] => [
    ...[...parents].filter(([, parent]) => parent === root).flatMap(([child]) => collect(child)),
    root,
  ];
  return collect(pid);
}

/** Living processes that have `needle` in their command line or environment, with what they are. */
export function processesBearing(needle: string): { pid: number; command: string }[] {
  return allPids()
    .filter((pid) => pid !== process.pid && isAlive(pid))
    .filter((pid) => readProc(pid, 'cmdline').includes(needle) || readProc(pid, 'environ').includes(needle))
    .map((pid) => ({ pid, command: readProc(pid, 'cmdline').replaceAll('\0', ' ').slice(0, 300) }));
}

export function killQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone already, which is what the caller wants.
  }
}
