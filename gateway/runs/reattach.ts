import { log } from '../logger.ts';
import { LocalRun } from './local-run.ts';
import { listRuns, removeLeftovers } from './run-directory.ts';
import type { RunManager } from './run-manager.ts';

/**
 * Takes up every run that an earlier daemon left: living ones are followed, unstarted ones launched, lost ones ended, settled ones
 * forgotten. For the daemon's start, before anything is accepted.
 */
export async function reattach(manager: RunManager, stateDir: string): Promise<void> {
  await removeLeftovers(stateDir);
  const { runs, foreign } = await listRuns(stateDir);
  for (const name of foreign) log.warn('{name} in the runs directory is no run: left alone', { name });
  for (const directory of runs) {
    const settled = await directory.settled();
    const run = new LocalRun(directory);
    await run.refresh();
    manager.adopt(run);
    if (settled !== null) manager.forget(run);
  }
  if (runs.length > 0) log.info('runs found from before: {count}', { count: runs.length });
}
