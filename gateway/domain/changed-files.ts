/** Pure: no clock, no randomness, no storage, no network. */
import { MAX_FILES_CHANGED } from '../../shared/limits.ts';
import { utf8Length } from '../../shared/utf8.ts';

/** Paths together, as JSON: with output and details at their longest the terminal frame still fits. */
const MAX_PATHS_BYTES = 96 * 1024;

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
