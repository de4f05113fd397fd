import { stat } from 'node:fs/promises';
import type { RUN_FILES } from './files.ts';
import type { RunDirectory } from './run-directory.ts';
import { tryWatch } from './try-watch.ts';

/** How often a directory is looked at where the system's notification fails (network file systems, too many watches). */
const POLL_MS = 1_000;

const WATCHED = ['EVENTS', 'SESSION', 'RESULT', 'SUPERVISOR', 'CONTROL'] as const satisfies (keyof typeof RUN_FILES)[];

export interface RunWatch {
  close(): void;
}

/**
 * Calls `onChange` soon after a file of the run changed; also now and then when none did, never after `close`. A change that
 * happens before this returns may go unreported: look at the directory once after it. Does not keep the process alive.
 */
export function watchRun(run: RunDirectory, onChange: () => void, pollMs = POLL_MS): RunWatch {
  let closed = false;
  let seen = '';
  const changed = () => {
    if (!closed) onChange();
  };
  const poll = async () => {
    const sizes = await Promise.all(WATCHED.map((name) => sizeOf(run.file(name))));
    const current = sizes.join(' ');
    if (current !== seen) changed();
    seen = current;
  };
  // Where there is none the poll does the work alone.
  const watcher = tryWatch(run.path, changed);
  const timer = setInterval(() => void poll(), pollMs);
  timer.unref();
  return {
    close() {
      closed = true;
      clearInterval(timer);
      watcher?.close();
    },
  };
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    return -1;
  }
}
