import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { untilTrue } from './wait.ts';

const MEMBERS = ['agent', 'setsid', 'stubborn', 'orphan'];

/** The processes that the agent's command `tree DIR` has started, once all of them are up. */
export async function pidsIn(dir: string): Promise<number[]> {
  const files = MEMBERS.map((name) => join(dir, `${name}.pid`));
  await untilTrue(`the tree of ${dir}`, () => files.every((file) => existsSync(file)));
  return files.map((file) => Number(readFileSync(file, 'utf8')));
}
