import type { RunDirectory } from '../runs/run-directory.ts';
import type { EndRequest } from './end.ts';

/** Well below the second that a kill's grace leaves of what the end of an agent may take. */
const LOOK_MS = 500;

/**
 * Requests the end when somebody removes the run's directory: nobody could find, abort or hear of the agent from then on, nor
 * would a next daemon know of it. Returns what stops the watch.
 */
export function endWhenRemoved(run: RunDirectory, end: EndRequest): () => void {
  const timer = setInterval(async () => {
    if (!(await run.exists())) end.request('stopped');
  }, LOOK_MS);
  return () => clearInterval(timer);
}
