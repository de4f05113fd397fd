import { spawn } from 'node:child_process';
import { mkdir, realpath, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import type { AgentEvent } from '../../shared/event.ts';
import type { WorkspaceResult } from '../../shared/workspace.ts';
import { workspaceName } from '../domain/workspace.ts';
import { git, gitProblem } from '../git/git.ts';
import { branchOf, commitAll, worktreePaths, writeAbout } from '../git/worktree.ts';
import { RUN_MARK } from '../process/process-table.ts';
import { isThere } from '../runs/durable.ts';
import type { RunRequest } from '../runs/files.ts';

/** ms; checking out a large repository on a slow disk takes minutes. */
const CHECKOUT_MS = 10 * 60 * 1000;
/** ms for the commit at the end; after an abort or time limit it stays, with the kill's grace, below the server's `ABORT_SLACK_MS`. */
const COMMIT_MS = 60 * 1000;
const COMMIT_AFTER_CUT_MS = 2_000;

export interface PlaceDeps {
  stateDir: string;
  /** The run is to end. */
  end: AbortSignal;
  tell(event: AgentEvent): Promise<void>;
  now(): number;
}

/** Where a run works. */
export interface Place {
  /** With the directory there. */
  request: RunRequest;
  /** Commits what the run left; what it leaves in the repository, or null where it has no work tree. */
  finish(wasCut: boolean): Promise<WorkspaceResult | null>;
}

/** Why there is no place for a run, in one line for its client. */
export class NoPlaceError extends Error {}

/** The task's directory itself, or the same one in a git work tree of its own, made and set up if need be. Throws `NoPlaceError`. */
export async function placeRun(request: RunRequest, deps: PlaceDeps): Promise<Place> {
  const name = workspaceName(request);
  if (name === null) return { request, finish: async () => null };
  const { stateDir, now } = deps;
  const signal = AbortSignal.any([deps.end, AbortSignal.timeout(CHECKOUT_MS)]);
  const env = { ...request.env, [RUN_MARK]: request.mark };
  const { path, about } = worktreePaths(stateDir, name);
  const { repository, inside } = await repositoryOf(request, env, signal);
  const isNew = !(await isThere(path));
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    if (isNew) await addWorktree(request, { repository, path, name, env, signal });
    await writeAbout(about, { repository, usedAt: now() });
  } catch (error) {
    throw error instanceof NoPlaceError ? error : new NoPlaceError(`no work tree could be made: ${gitProblem(error)}`);
  }
  const cwd = join(path, inside);
  if (!(await isDirectory(cwd))) throw new NoPlaceError('the directory is not in that commit');
  const placed = { ...request, task: { ...request.task, cwd } };
  if (isNew) await setUp(placed, env, deps);
  const base = (await git(path, env, ['rev-parse', 'HEAD'], signal)).trim();
  return {
    request: placed,
    async finish(wasCut) {
      const limit = AbortSignal.timeout(wasCut ? COMMIT_AFTER_CUT_MS : COMMIT_MS);
      await writeAbout(about, { repository, usedAt: now() });
      return { ...(await commitAll(path, `agent-gateway: task ${request.taskId}`, env, limit)), base };
    },
  };
}

/** `inside`: the task's directory in it. */
async function repositoryOf({ task }: RunRequest, env: Record<string, string>, signal: AbortSignal) {
  try {
    const repository = (await git(task.cwd, env, ['rev-parse', '--show-toplevel'], signal)).replace(/\n$/, '');
    return { repository, inside: relative(await realpath(repository), task.cwd) };
  } catch (error) {
    throw new NoPlaceError(`the directory is in no git work tree: ${gitProblem(error)}`);
  }
}

interface Addition {
  repository: string;
  path: string;
  name: string;
  env: Record<string, string>;
  signal: AbortSignal;
}

/** On its branch where that is there already: the work tree was cleared away after an earlier task. */
async function addWorktree({ task }: RunRequest, { repository, path, name, env, signal }: Addition): Promise<void> {
  const ask = (...args: string[]) => git(repository, env, args, signal);
  const add = (...args: string[]) =>
    ask('worktree', 'add', ...args).catch(async (error: unknown) => {
      // Somebody may have removed an earlier one by hand. Not before every one: it could take another that is being made for such.
      await ask('worktree', 'prune');
      await ask('worktree', 'add', ...args).catch(() => {
        throw error;
      });
    });
  const branch = branchOf(name);
  const isKnown = await ask('rev-parse', '--verify', '--quiet', `refs/heads/${branch}`).then(
    () => true,
    () => false,
  );
  if (isKnown) {
    await add(path, branch);
    return;
  }
  const { base = 'HEAD' } = task.workspace ?? {};
  const commit = await ask('rev-parse', '--verify', '--quiet', `${base}^{commit}`).catch(() => null);
  if (commit === null) throw new NoPlaceError(`base: "${base}" names no commit there`);
  await add('-b', branch, path, commit.trim());
}

/** The owner's own command, with its output in the run's log. */
async function setUp({ setup, task }: RunRequest, env: Record<string, string>, deps: PlaceDeps): Promise<void> {
  if (setup === undefined) return;
  const { tell, now, end } = deps;
  const [file = '', ...args] = setup.command;
  const signal = AbortSignal.any([end, AbortSignal.timeout(setup.timeoutMs)]);
  const child = spawn(file, args, {
    cwd: task.cwd,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
    killSignal: 'SIGKILL',
  });
  const told = [child.stdout, child.stderr].map(async (stream) => {
    for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }))
      await tell({ type: 'log', content: line, data: { setup: true }, timestamp: now() });
  });
  const code = await new Promise<number | null | Error>((resolve) => {
    child.once('error', resolve);
    child.once('exit', (status) => resolve(status));
  });
  if (code === 0) {
    await Promise.all(told);
    return;
  }
  if (code instanceof Error && code.name !== 'AbortError')
    throw new NoPlaceError(`setup could not be started: ${code.message}`);
  if (signal.aborted && !end.aborted) throw new NoPlaceError(`setup was not done within ${setup.timeoutMs} ms`);
  throw new NoPlaceError(`setup ended with exit code ${code}`);
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}
