import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RUN_MARK } from '../process/process-table.ts';
import { isErrno } from '../runs/durable.ts';
import { type RunDirectory, stateDirOf } from '../runs/run-directory.ts';

/**
 * What Node itself may need to start; the agent's environment stands in the request. The mark is there for a gateway that
 * runs under an agent: what it starts must be found when that agent is killed.
 */
const NODE_ENV_NAMES = ['PATH', 'LD_LIBRARY_PATH', 'TZ', 'LANG', 'LC_ALL', RUN_MARK];

/** In the state directory: what Node made of the supervisor's modules the first time; halves the time to an agent's start. */
const COMPILE_CACHE = 'compile-cache';

/** Beside this file, as source or as built JavaScript. */
function supervisorMain(): string {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return fileURLToPath(new URL(`./main.${extension}`, import.meta.url));
}

/**
 * Starts a supervisor for the run, in a session of its own: it outlives this process whatever ends that. Resolves when the
 * process exists; `supervisor.json` follows. Launching twice is harmless: the second one finds the run taken and exits.
 * What it has to say, and why it cannot be spawned, goes to the run's `stderr.log`, where that can be opened. Rejects when the run's
 * directory is gone.
 */
export async function launchSupervisor(run: RunDirectory): Promise<void> {
  // A run must not wait for ever because of what nobody may ever read.
  const stderr = await open(run.file('STDERR'), 'a', 0o600).catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) throw error;
    return null;
  });
  try {
    const child = spawn(process.execPath, [supervisorMain(), run.path], {
      cwd: run.path,
      detached: true,
      stdio: ['ignore', 'ignore', stderr?.fd ?? 'ignore'],
      env: {
        ...Object.fromEntries(NODE_ENV_NAMES.map((name) => [name, process.env[name]])),
        NODE_COMPILE_CACHE: join(stateDirOf(run), COMPILE_CACHE),
      },
    });
    child.unref();
    const error = await new Promise<Error | null>((resolve) => {
      child.once('spawn', () => resolve(null));
      child.once('error', resolve);
    });
    if (error !== null) await stderr?.write(`${error}\n`);
  } finally {
    await stderr?.close();
  }
}
