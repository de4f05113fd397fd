import { execFile } from 'node:child_process';
import { copyFile, mkdir, stat, utimes } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { cutDiff, type Diff } from '../../shared/diff.ts';
import { MAX_DIFF_BYTES } from '../../shared/limits.ts';
import { type Environment, git, SAFE_GIT } from '../git/git.ts';
import { RUN_MARK } from '../process/process-table.ts';
import { isErrno } from '../runs/durable.ts';
import type { RunRequest } from '../runs/files.ts';

const NO_PROGRAMS = ['--no-ext-diff', '--no-textconv', '--no-color'];

/** The git work tree that holds a task's directory. */
export interface WorkTree {
  /** Absolute path. */
  readonly root: string;
  /** What is not ignored there now, committed or not, as a tree of git's. Rejects when git does not say, or `signal` fires first. */
  snapshot(signal: AbortSignal): Promise<string>;
  /** What is different between two snapshots: paths relative to `root`, and as a unified diff, binary files by name only. */
  changes(before: string, after: string, signal: AbortSignal): Promise<Diff & { paths: string[] }>;
}

/**
 * Null when the task's directory is in no work tree, or there is no git. What git needs for its answers is written to `scratch`, a
 * directory for nobody else; the repository, its index included, stays as it is.
 */
export async function openWorkTree(
  request: RunRequest,
  scratch: string,
  signal: AbortSignal,
): Promise<WorkTree | null> {
  const { env, mark, task } = request;
  const objects = join(scratch, 'objects');
  // With the run's mark: what git starts is swept like the rest.
  const base = { ...env, GIT_OPTIONAL_LOCKS: '0', [RUN_MARK]: mark };
  const ask = async (args: string[]) => (await git(task.cwd, base, args, signal)).replace(/\n$/, '');
  const root = await ask(['rev-parse', '--show-toplevel']).catch(nullWithoutTree);
  if (root === null) return null;
  const [index = '', store = ''] = (await ask(['rev-parse', '--git-path', 'index', '--git-path', 'objects'])).split(
    '\n',
  );
  await mkdir(objects, { recursive: true, mode: 0o700 });
  const own = {
    ...base,
    GIT_OBJECT_DIRECTORY: objects,
    GIT_ALTERNATE_OBJECT_DIRECTORIES: quoted(resolve(task.cwd, store)),
  };
  let snapshots = 0;
  return {
    root,
    async snapshot(limit) {
      snapshots += 1;
      const copy = join(scratch, `index-${snapshots}`);
      await copyIndex(resolve(task.cwd, index), copy);
      const withIndex = { ...own, GIT_INDEX_FILE: copy };
      await git(root, withIndex, ['add', '--all', '--ignore-errors', '--', '.'], limit);
      return (await git(root, withIndex, ['write-tree'], limit)).trim();
    },
    async changes(before, after, limit) {
      if (before === after) return { paths: [], diff: '', truncated: false };
      const names = await git(
        root,
        own,
        ['diff-tree', '-r', '-z', '--name-only', '--no-renames', before, after],
        limit,
      );
      const text = await head(root, own, ['diff-tree', '-r', '-p', '-M', ...NO_PROGRAMS, before, after], limit);
      return { paths: names.split('\0').filter((path) => path !== ''), ...cutDiff(text, MAX_DIFF_BYTES) };
    },
  };
}

/** That there is no work tree, or no git, is an answer; that git refuses to look is none. */
function nullWithoutTree(error: unknown): null {
  if (isErrno(error, 'ENOENT') || /not a git repository|must be run in a work tree/.test(String(error))) return null;
  throw error;
}

/** The beginning of what git says, a little more than is kept of a diff. */
function head(cwd: string, env: Environment, args: string[], signal: AbortSignal): Promise<string> {
  const options = { cwd, env, signal, killSignal: 'SIGKILL', maxBuffer: MAX_DIFF_BYTES + 1 } as const;
  return new Promise((resolve, reject) => {
    execFile('git', [...SAFE_GIT, ...args], options, (error, stdout) => {
      if (error === null || isErrno(error, 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER')) resolve(stdout);
      else reject(error);
    });
  });
}

/** A path may hold what separates several of them; in quotes it does not. */
function quoted(path: string): string {
  return `"${path.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

/**
 * Before the first commit there is none. The copy is as old as the original, in whole seconds: git takes a file's size and times for its
 * content unless the file is no older than the index, and would miss what changed in the second of the checkout.
 */
async function copyIndex(from: string, to: string): Promise<void> {
  try {
    await copyFile(from, to);
    const seconds = Math.floor((await stat(from)).mtimeMs / 1000);
    await utimes(to, seconds, seconds);
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
  }
}
