import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeTree } from '../remove-tree.ts';

export interface Scratch {
  /** Holds all that the demo writes. */
  base: string;
  /** A git repository with one commit. */
  repository: string;
  home: string;
  temporary: string;
  remove(): void;
}

/** A directory of the demo's own, with a small git repository in it. */
export function makeScratch(): Scratch {
  const base = mkdtempSync(join(tmpdir(), 'agent-gateway-demo-'));
  const [repository, home, temporary] = [join(base, 'repository'), join(base, 'home'), join(base, 'tmp')];
  for (const directory of [repository, home, temporary]) mkdirSync(directory);
  writeFileSync(join(repository, 'README.md'), '# A scratch repository\n');
  git(repository, 'init', '--quiet');
  git(repository, 'add', '.');
  git(repository, '-c', 'user.name=demo', '-c', 'user.email=demo@example.org', 'commit', '--quiet', '-m', 'Start');
  return {
    base,
    repository,
    home,
    temporary,
    remove: () => removeTree(base),
  };
}

function git(cwd: string, ...args: string[]): void {
  execFileSync('git', args, { cwd, env: { PATH: process.env.PATH, GIT_CONFIG_GLOBAL: '/dev/null' } });
}
