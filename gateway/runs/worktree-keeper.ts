import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Environment, gitProblem } from '../git/git.ts';
import { removeWorktree, WORKTREES, type WorktreeFile, worktreeFileSchema, worktreePaths } from '../git/worktree.ts';
import { log } from '../logger.ts';
import { isErrno, readJson } from './durable.ts';

/** ms for one work tree; its files may be many. */
const REMOVE_MS = 5 * 60 * 1000;
const SUFFIX = '.json';

export interface WorktreeLimits {
  /** ms since a run was last in it. */
  keepMs: number;
  /** The most lately used ones. */
  keepCount: number;
}

export interface WorktreeKeeperDeps extends WorktreeLimits {
  stateDir: string;
  /** For git. */
  env: Environment;
  /** Names of those that runs are in. */
  inUse(): ReadonlySet<string>;
  /** ms since the epoch. */
  now(): number;
}

/** Takes work trees away that are old or too many. What was not committed in them is, and every branch stays in its repository. */
export class WorktreeKeeper {
  readonly #deps: WorktreeKeeperDeps;

  constructor(deps: WorktreeKeeperDeps) {
    this.#deps = deps;
  }

  /** Never rejects; calls must not overlap. */
  async tidy(): Promise<void> {
    const { stateDir, env, keepMs, keepCount, inUse, now } = this.#deps;
    const all = (await this.#list()).sort((a, b) => b.file.usedAt - a.file.usedAt);
    const used = inUse();
    const doomed = all.filter(({ file }, index) => index >= keepCount || now() - file.usedAt > keepMs);
    for (const { name, file } of doomed.filter((each) => !used.has(each.name))) {
      try {
        await removeWorktree(stateDir, name, file, env, AbortSignal.timeout(REMOVE_MS));
        log.info('the work tree {name} was removed; its branch is in {repository}', {
          name,
          repository: file.repository,
        });
      } catch (error) {
        log.error('the work tree {path} cannot be removed: {error}', {
          path: worktreePaths(stateDir, name).path,
          error: gitProblem(error),
        });
      }
    }
  }

  async #list(): Promise<{ name: string; file: WorktreeFile }[]> {
    const names = await readdir(join(this.#deps.stateDir, WORKTREES)).catch((error: unknown) => {
      if (!isErrno(error, 'ENOENT')) log.error('work trees cannot be listed: {error}', { error: String(error) });
      return [];
    });
    const found: { name: string; file: WorktreeFile }[] = [];
    for (const entry of names.filter((each) => each.endsWith(SUFFIX))) {
      const name = entry.slice(0, -SUFFIX.length);
      const file = await readJson(worktreePaths(this.#deps.stateDir, name).about, worktreeFileSchema).catch(() => null);
      if (file !== null) found.push({ name, file });
    }
    return found;
  }
}
