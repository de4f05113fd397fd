import { readFileSync } from 'node:fs';

/**
 * Whether the owner's own settings file of a CLI says what is matched by `pattern`. A mention is enough, in a comment too, and so
 * is a file that cannot be read: in doubt the owner has decided.
 */
export function ownerSays(path: string, pattern: RegExp): boolean {
  try {
    return pattern.test(readFileSync(path, 'utf8'));
  } catch (error) {
    return !(error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'));
  }
}
