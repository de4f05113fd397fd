import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { isThere, replaceFile } from '../runs/durable.ts';
import { type Environment, git } from './git.ts';

/** In the state directory: work trees of tasks, and beside each a file that says whose it is. */
export const WORKTREES = 'worktrees';
/** Who commits what a task left uncommitted: not the user, who did not. */
const COMMITTER = [
  '-c',
  'user.name=Agent Gateway',
  '-c',
  'user.email=agent-gateway@localhost',
  '-c',
  'commit.gpgSign=false',
];

export function worktreePaths(stateDir: string, name: string) {
  const path = join(stateDir, WORKTREES, name);
  return { path, about: `${path}.json` };
}

export function branchOf(name: string): string {
  return `agent-gateway/${name}`;
}

/** `usedAt`: ms since the epoch, when a run last began or ended there. */
export const worktreeFileSchema = z.object({ repository: z.string(), usedAt: z.int() });
export type WorktreeFile = z.infer<typeof worktreeFileSchema>;

export function writeAbout(about: string, file: WorktreeFile): Promise<void> {
  return replaceFile(about, JSON.stringify(file));
}

/** Commits what is not committed yet, if anything; returns the branch and the commit that it is at. Rejects with git's error. */
export async function commitAll(path: string, message: string, env: Environment, signal: AbortSignal) {
  const ask = async (...args: string[]) => (await git(path, env, args, signal)).trim();
  if ((await ask('status', '--porcelain')) !== '') {
    await ask('add', '--all');
    await ask(...COMMITTER, 'commit', '--quiet', '--no-verify', '--message', message);
  }
  return { branch: await ask('rev-parse', '--abbrev-ref', 'HEAD'), commit: await ask('rev-parse', 'HEAD') };
}

/** Takes a work tree away; its branch stays, with all that was in it. Rejects when it could not be committed or removed. */
export async function removeWorktree(
  stateDir: string,
  name: string,
  { repository }: WorktreeFile,
  env: Environment,
  signal: AbortSignal,
): Promise<void> {
  const { path, about } = worktreePaths(stateDir, name);
  if (await isThere(path)) {
    if (await isThere(repository)) {
      await commitAll(path, `agent-gateway: left in ${name}`, env, signal);
      await git(repository, env, ['worktree', 'remove', '--force', path], signal);
    } else await rm(path, { recursive: true, force: true });
  }
  await rm(about, { force: true });
}
