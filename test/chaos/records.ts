import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** What the agents themselves wrote down: one file of starts, one file for each agent at work. */

const startSchema = z.strictObject({
  /** Its working directory, which no other host has. */
  host: z.string(),
  pid: z.int(),
  label: z.string(),
  /** `<task>.<attempt>`. */
  run: z.string(),
});
export type Start = z.infer<typeof startSchema>;

const STARTS = 'starts';
const AT_WORK = 'at-work';

function workFile(records: string, host: string, pid: number): string {
  return join(records, AT_WORK, `${encodeURIComponent(host)}.${pid}`);
}

/** An empty set of records. */
export function createRecords(records: string): void {
  mkdirSync(join(records, AT_WORK), { recursive: true });
  writeFileSync(join(records, STARTS), '');
}

/** Of an agent: it begins. */
export function enter(records: string, start: Start): void {
  appendFileSync(join(records, STARTS), `${JSON.stringify(start)}\n`);
  writeFileSync(workFile(records, start.host, start.pid), JSON.stringify(start));
}

/** Of an agent: it ends by itself. */
export function leave(records: string, host: string, pid: number): void {
  rmSync(workFile(records, host, pid));
}

export function readStarts(records: string): Start[] {
  const lines = readFileSync(join(records, STARTS), 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => startSchema.parse(JSON.parse(line)));
}

/** Is still the agent that wrote the record: a pid may have been given to another process since. */
function isAgent(pid: number): boolean {
  const file = `/proc/${pid}/cmdline`;
  try {
    return existsSync(file) && readFileSync(file, 'utf8').includes('chaos/agent.ts');
  } catch {
    return false;
  }
}

/** The agents of a host that are at work; records of those that were killed are cleared away. */
export function agentsAtWork(records: string, host: string): Start[] {
  const prefix = `${encodeURIComponent(host)}.`;
  const names = readdirSync(join(records, AT_WORK)).filter((name) => name.startsWith(prefix));
  return names.flatMap((name) => {
    const file = join(records, AT_WORK, name);
    if (!isAgent(Number(name.slice(prefix.length)))) {
      rmSync(file, { force: true });
      return [];
    }
    const start = parseStart(file);
    return start === null ? [] : [start];
  });
}

/** Null while it is being written, or when it is gone. */
function parseStart(file: string): Start | null {
  try {
    return startSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return null;
  }
}
