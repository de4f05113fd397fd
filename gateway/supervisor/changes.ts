import { realpath, rm } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import type { TaskResult } from '../../shared/task.ts';
import { boundedPaths } from '../domain/changed-files.ts';
import { gitProblem } from '../git/git.ts';
import type { RunRequest } from '../runs/files.ts';
import type { RunDirectory } from '../runs/run-directory.ts';
import { openWorkTree, type WorkTree } from './work-tree.ts';

/** In the run directory: what git needs to compare. */
const SCRATCH = 'git';
/** The first look at a large tree on a cold disk takes seconds; nobody must wait longer for what is only a list. */
const LOOK_MS = 10_000;
/** The same after an abort or timeout: with the kill's grace it stays below the server's `ABORT_SLACK_MS`. */
const LOOK_AFTER_CUT_MS = 3_000;

export type Changes = Pick<TaskResult, 'filesChanged' | 'changesFrom' | 'diff' | 'diffTruncated'>;

/** What a run changes in its work tree; git says so where there is one, so that changes by any means count. */
export class ChangeWatch {
  readonly #request: RunRequest;
  readonly #scratch: string;
  #before: { tree: WorkTree; snapshot: string } | null = null;
  /** Why git does not say, though there is a work tree; null otherwise. */
  #complaint: string | null = null;

  constructor(run: RunDirectory, request: RunRequest) {
    this.#request = request;
    this.#scratch = join(run.path, SCRATCH);
  }

  get complaint(): string | null {
    return this.#complaint;
  }

  /** Looks at the work tree before the agent starts. Never rejects. */
  async begin(end: AbortSignal): Promise<void> {
    if (this.#request.wrap !== null) {
      // By its configuration and its attributes a repository has git start programs, and the agent can write both.
      this.#complaint = 'git is not asked about what an agent in a sandbox leaves behind';
      return;
    }
    const signal = AbortSignal.any([end, AbortSignal.timeout(LOOK_MS)]);
    try {
      const tree = await openWorkTree(this.#request, this.#scratch, signal);
      if (tree !== null) this.#before = { tree, snapshot: await tree.snapshot(signal) };
    } catch (error) {
      // A run that is ended before its agent has started has changed nothing.
      if (!end.aborted) this.#complaint = gitProblem(error);
    }
  }

  /** What has changed since; `reported`: what the agent says of it, for want of git. `wasCut`: somebody waits for the end. */
  async changes(reported: readonly string[], wasCut: boolean): Promise<Changes> {
    const signal = AbortSignal.timeout(wasCut ? LOOK_AFTER_CUT_MS : LOOK_MS);
    const { cwd } = this.#request.task;
    try {
      if (this.#before === null) return { filesChanged: await relativePaths(cwd, reported), changesFrom: 'agent' };
      const { tree, snapshot } = this.#before;
      const { paths, diff, truncated } = await tree.changes(snapshot, await tree.snapshot(signal), signal);
      const filesChanged = await relativePaths(
        cwd,
        paths.map((path) => join(tree.root, path)),
      );
      return { filesChanged, changesFrom: 'git', diff, ...(truncated ? { diffTruncated: true } : {}) };
    } catch (error) {
      this.#complaint = gitProblem(error);
      return { filesChanged: await relativePaths(cwd, reported), changesFrom: 'agent' };
    }
  }

  /** Removes what was written for it. */
  async close(): Promise<void> {
    await rm(this.#scratch, { recursive: true, force: true }).catch((error: unknown) =>
      console.error('what git wrote to compare', error),
    );
  }
}

/** Relative to the task's directory, by which of its names they are given: git resolves symbolic links, agents may not. */
async function relativePaths(cwd: string, paths: readonly string[]): Promise<string[]> {
  const real = await realpath(cwd).catch(() => cwd);
  const relatives = paths.map((path) => {
    const absolute = resolve(cwd, path);
    const plain = relative(cwd, absolute);
    return plain.startsWith('..') ? relative(real, absolute) : plain;
  });
  return boundedPaths(relatives.filter((path) => path !== ''));
}
