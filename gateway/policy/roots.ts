import { realpath, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { isThere } from '../runs/durable.ts';

/** Whether `path` is `root` or inside it; both without symlinks. */
export function isInside(path: string, root: string): boolean {
  const rest = relative(root, path);
  return rest === '' || (rest !== '..' && !rest.startsWith(`..${sep}`) && !isAbsolute(rest));
}

/** `outside` says nothing about whether the directory exists: that is not the client's to find out. */
export type PlaceVerdict = { kind: 'allowed'; cwd: string } | { kind: 'outside' } | { kind: 'missing' };

/**
 * Where a task may start. `asked` is resolved against `home` (the host's own directory; an empty one means it), and counts by
 * where it really is, symlinks followed. `roots` and `home` are real paths.
 */
export async function placeTask(asked: string, home: string, roots: readonly string[]): Promise<PlaceVerdict> {
  const path = resolve(home, asked);
  const missing: PlaceVerdict = roots.some((root) => isInside(path, root)) ? { kind: 'missing' } : { kind: 'outside' };
  let real: string;
  try {
    real = await realpath(path);
  } catch {
    return missing;
  }
  if (!roots.some((root) => isInside(real, root))) return { kind: 'outside' };
  try {
    if ((await stat(real)).isDirectory()) return { kind: 'allowed', cwd: real };
  } catch {
    // Gone, or not for this user: the same to the client.
  }
  return { kind: 'missing' };
}

/** Whether the work tree that holds `cwd` lies inside the roots: all of it is what a work tree of its own would hold. Real paths. */
export async function isRepositoryInside(cwd: string, roots: readonly string[]): Promise<boolean> {
  for (let path = cwd; ; path = dirname(path)) {
    if (!roots.some((root) => isInside(path, root))) return false;
    if (await isThere(join(path, '.git'))) return true;
    if (path === dirname(path)) return false;
  }
}
