/** Pure: no clock, no randomness, no storage, no network. */
import { MAX_FILES_CHANGED } from '../../shared/limits.ts';
import { utf8Length } from '../../shared/utf8.ts';

/** Paths together, as JSON: with output and details at their longest the terminal frame still fits. */
const MAX_PATHS_BYTES = 96 * 1024;

/** The paths in the output of `git status --porcelain -z`; a rename gives both. Directories end with a slash. */
export function statusPaths(output: string): string[] {
  const fields = output.split('\0');
  const paths: string[] = [];
  for (let index = 0; index < fields.length; index += 1) {
    const field = fields[index] ?? '';
    if (field.length < 4) continue;
    paths.push(field.slice(3));
    // Renames and copies are followed by the path they came from.
    if (/[RC]/.test(field.slice(0, 2))) {
      index += 1;
      const origin = fields[index];
      if (origin !== undefined && origin !== '') paths.push(origin);
    }
  }
  return paths;
}

/** What git says of a work tree at one moment. */
export interface TreeState {
  /** Paths that differ from the commit, each with what tells its content apart; null: not there. */
  readonly dirty: ReadonlyMap<string, string | null>;
}

export interface TreeChange {
  before: TreeState;
  /** Paths that differ from the commit afterwards, and those that commits in between touched. */
  touched: readonly string[];
  /** Content afterwards of every path that was dirty before. */
  contents: ReadonlyMap<string, string | null>;
}

/** Paths whose content changed: those touched that were clean before, and those dirty before whose content differs. */
export function changedPaths(change: TreeChange): string[] {
  const { dirty } = change.before;
  const fresh = change.touched.filter((path) => !dirty.has(path));
  const redone = [...dirty].filter(([path, content]) => change.contents.get(path) !== content).map(([path]) => path);
  return [...fresh, ...redone];
}

/** Sorted, without duplicates, at most `MAX_FILES_CHANGED` and as many as fit into a frame. */
export function boundedPaths(paths: readonly string[]): string[] {
  const kept: string[] = [];
  let bytes = 0;
  for (const path of [...new Set(paths)].sort()) {
    bytes += utf8Length(JSON.stringify(path)) + 1;
    if (kept.length === MAX_FILES_CHANGED || bytes > MAX_PATHS_BYTES) break;
    kept.push(path);
  }
  return kept;
}
