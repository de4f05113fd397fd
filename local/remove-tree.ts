import { existsSync, rmSync } from 'node:fs';

/** Of each: of the whole, and of what cannot be removed just now. */
const MAX_TRIES = 10;

/**
 * Removes a directory with all that is in it, also while programs that are just ending still write there. Node's own way, of version 24,
 * leaves the rest of a tree in which something vanishes meanwhile, and says nothing.
 */
export function removeTree(path: string): void {
  for (let tries = 0; tries < MAX_TRIES && existsSync(path); tries += 1) {
    rmSync(path, { recursive: true, force: true, maxRetries: MAX_TRIES });
  }
}
