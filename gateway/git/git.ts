import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { field } from '../domain/agent-lines.ts';

const execFileAsync = promisify(execFile);

/** Of what git says; what is read here are names and states. */
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;
/** What a repository's own configuration could start must not start, nor housekeeping beside a task; and names as they are. */
export const SAFE_GIT = [
  'core.fsmonitor=false',
  'core.hooksPath=/dev/null',
  'gc.auto=0',
  'core.quotePath=false',
].flatMap((setting) => ['-c', setting]);

export type Environment = Readonly<Record<string, string | undefined>>;

/** What git prints; rejects with its exit, or when `signal` fires first. Runs no hook. */
export async function git(cwd: string, env: Environment, args: string[], signal: AbortSignal): Promise<string> {
  const options = { cwd, env, signal, killSignal: 'SIGKILL', maxBuffer: MAX_OUTPUT_BYTES } as const;
  return (await execFileAsync('git', [...SAFE_GIT, ...args], options)).stdout;
}

/** One line about why git did not do it: its own first one, if it said any. */
export function gitProblem(error: unknown): string {
  if (error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError'))
    return 'git did not answer in time';
  const said = field(error, 'stderr');
  const text = typeof said === 'string' && said.trim() !== '' ? said.trim() : String(error);
  return text.split('\n')[0] ?? '';
}
