import { type FSWatcher, watch } from 'node:fs';

/**
 * Calls `onChange` when the system tells of a change; null where it does not (network file systems, too many watches). It may also fall
 * silent later: whoever waits looks now and then all the same. Does not keep the process alive.
 */
export function tryWatch(path: string, onChange: () => void): FSWatcher | null {
  try {
    const watcher = watch(path, { persistent: false }, onChange);
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return null;
  }
}
