import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstat, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { changedPaths, statusPaths, type TreeState } from '../domain/changed-files.ts';
import { RUN_MARK } from '../process/process-table.ts';
import type { RunRequest } from '../runs/files.ts';

const execFileAsync = promisify(execFile);

const GIT_MAX_OUTPUT_BYTES = 16 * 1024 * 1024;
/** Files dirty before the run of which the content is hashed; of more, and of larger ones, size and time tell. */
const MAX_HASHED_FILES = 1_000;
const MAX_HASHED_BYTES = 8 * 1024 * 1024;
/** What a repository's own configuration could start must not start. */
const SAFE_GIT = ['-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null'];

export interface WorkTree extends TreeState {
  /** Absolute path of the work tree. */
  root: string;
  /** The commit checked out; empty before the first. */
  head: string;
}

/** The state of the git work tree that holds the task's directory; null when there is none, no git, or `signal` fires first. */
export async function readWorkTree(request: RunRequest, signal: AbortSignal): Promise<WorkTree | null> {
  const git = gitFor(request, signal);
  try {
    const root = (await git(request.task.cwd, ['rev-parse', '--show-toplevel'])).replace(/\n$/, '');
    const head = await headOf(git, root);
    const dirty = await contentsOf(root, await dirtyPaths(git, root), signal);
    return { root, head, dirty };
  } catch {
    return null;
  }
}

/** Absolute paths whose content changed since `before`; none when git cannot say, or `signal` fires first. */
export async function changedSince(request: RunRequest, before: WorkTree, signal: AbortSignal): Promise<string[]> {
  const git = gitFor(request, signal);
  try {
    const { root } = before;
    const head = await headOf(git, root);
    const committed = head === before.head ? [] : await committedPaths(git, root, before.head, head);
    const touched = [...(await dirtyPaths(git, root)), ...committed];
    const contents = await contentsOf(root, [...before.dirty.keys()], signal);
    return changedPaths({ before, touched, contents }).map((path) => join(root, path));
  } catch {
    return [];
  }
}

async function headOf(git: Git, root: string): Promise<string> {
  return (await git(root, ['rev-parse', '--verify', '--quiet', 'HEAD']).catch(() => '')).trim();
}

async function dirtyPaths(git: Git, root: string): Promise<string[]> {
  return statusPaths(await git(root, ['status', '--porcelain', '-z', '--untracked-files=all']));
}

async function committedPaths(git: Git, root: string, from: string, to: string): Promise<string[]> {
  const range = from === '' ? ['ls-tree', '-r', '--name-only', '-z', to] : ['diff', '--name-only', '-z', from, to];
  return (await git(root, range)).split('\0').filter((path) => path !== '');
}

type Git = (cwd: string, args: string[]) => Promise<string>;

/** With the run's mark: what git starts is swept like the rest. */
function gitFor(request: RunRequest, signal: AbortSignal): Git {
  const env = { ...request.env, GIT_OPTIONAL_LOCKS: '0', [RUN_MARK]: request.mark };
  return async (cwd, args) => {
    const options = { cwd, env, signal, killSignal: 'SIGKILL', maxBuffer: GIT_MAX_OUTPUT_BYTES } as const;
    return (await execFileAsync('git', [...SAFE_GIT, ...args], options)).stdout;
  };
}

async function contentsOf(root: string, paths: readonly string[], signal: AbortSignal) {
  const contents = new Map<string, string | null>();
  for (const path of paths) {
    signal.throwIfAborted();
    contents.set(path, await fingerprint(join(root, path), contents.size < MAX_HASHED_FILES));
  }
  return contents;
}

async function fingerprint(path: string, mayHash: boolean): Promise<string | null> {
  try {
    const stats = await lstat(path);
    if (stats.isSymbolicLink()) return `link ${await readlink(path)}`;
    if (!stats.isFile() || !mayHash || stats.size > MAX_HASHED_BYTES) return `${stats.size} ${stats.mtimeMs}`;
    const hash = createHash('sha256').update(await readFile(path));
    return `${stats.mode} ${hash.digest('hex')}`;
  } catch {
    return null;
  }
}
