import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { open, readlink, realpath } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LaunchPlan } from '../agents/driver.ts';
import type { AgentExit } from '../domain/agent-exit.ts';
import { identityOf } from '../process/identity.ts';
import { RUN_MARK } from '../process/process-table.ts';
import type { ProcessIdentity, RunRequest } from '../runs/files.ts';

/** Before another try: what failed for want of memory or processes may have come back. */
const SPAWN_RETRY_MS = 1_000;

export interface AgentProcess {
  readonly child: ChildProcessWithoutNullStreams;
  /** Null when it was gone before it could be looked at. */
  readonly identity: Promise<ProcessIdentity | null>;
  /** Resolves when the process itself has ended; its output may still flow. */
  readonly exit: Promise<AgentExit>;
}

/**
 * Starts the agent, leader of its own session and process group, in the task's directory and with the run's mark in its
 * environment. Tries `spawnRetries` times more; rejects with the last error, or when `signal` fires in between. Its output
 * must be read from at once: what an agent that has exited left unread is thrown away by the runtime.
 */
export async function startAgent(request: RunRequest, plan: LaunchPlan, signal: AbortSignal): Promise<AgentProcess> {
  for (let retriesLeft = request.spawnRetries; ; retriesLeft -= 1) {
    try {
      return await spawnOnce(request, plan);
    } catch (error) {
      if (retriesLeft <= 0) throw error;
      await sleep(SPAWN_RETRY_MS, undefined, { signal });
    }
  }
}

async function spawnOnce(request: RunRequest, plan: LaunchPlan): Promise<AgentProcess> {
  const directory = await openDirectory(request.task.cwd);
  try {
    return await spawnIn(directory.path, request, plan);
  } finally {
    // Not awaited: its output must be read from at once.
    directory.close().catch(() => {});
  }
}

async function spawnIn(cwd: string, { mark }: RunRequest, plan: LaunchPlan): Promise<AgentProcess> {
  const [file = '', ...args] = plan.command;
  const child = spawn(file, args, {
    cwd,
    detached: true,
    stdio: 'pipe',
    env: { ...plan.env, [RUN_MARK]: mark },
  });
  const exit = new Promise<AgentExit>((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  // An agent may end without reading its prompt: a broken pipe is no failure of its own.
  child.stdin.on('error', () => {});
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  child.on('error', () => {});
  const identity = child.pid === undefined ? Promise.resolve(null) : identityOf(child.pid);
  return { child, identity, exit };
}

/**
 * The directory to start in, judged: throws unless `path` is a directory by its real path, for what the owner's rules allowed, they allowed
 * under that name. On Linux what was judged is what is entered, whatever becomes of the name in between.
 */
async function openDirectory(path: string): Promise<{ path: string; close(): Promise<void> }> {
  // Spawning would report a missing directory as a missing program.
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY).catch(() => null);
  if (handle === null) throw new Error('the working directory is not there');
  const isLinux = process.platform === 'linux';
  // The new process has the descriptor until it starts its program.
  const entered = isLinux ? `/proc/self/fd/${handle.fd}` : path;
  const real = await (isLinux ? readlink(entered) : realpath(path)).catch(() => null);
  if (real !== path) {
    await handle.close();
    throw new Error('the working directory was replaced by a symbolic link');
  }
  return { path: entered, close: () => handle.close() };
}

/** Gives the agent its prompt, and EOF unless it takes input. */
export function writePrompt(child: ChildProcessWithoutNullStreams, plan: LaunchPlan): void {
  if (plan.formatInput === null) child.stdin.end(plan.stdin);
  else child.stdin.write(plan.stdin);
}
