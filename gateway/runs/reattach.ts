import { log } from '../logger.ts';
import { damages } from './damage.ts';
import { LocalRun } from './local-run.ts';
import { listRuns, removeLeftovers } from './run-list.ts';
import type { RunManager } from './run-manager.ts';

/**
 * Takes up every run that an earlier daemon left: living ones are followed, unstarted ones launched, lost ones ended, settled ones
 * forgotten. A run whose files cannot be read harms no other: its owner is told, and it is taken up for what can be read of it. For
 * the daemon's start, before anything is accepted.
 */
export async function reattach(manager: RunManager, stateDir: string): Promise<void> {
  for (const path of await removeLeftovers(stateDir)) log.warn('{path} cannot be removed: remove it by hand', { path });
  for (const key of await keptBefore(manager)) manager.store.remember(key);
  const { runs, foreign } = await listRuns(stateDir);
  for (const name of foreign) log.warn('{name} in the runs directory is no run: left alone', { name });
  for (const directory of runs) {
    const run = new LocalRun(directory);
    const settled = await takeStock(run).catch((error: unknown) => {
      log.error('run {taskId}.{attempt} cannot be read yet: {error}', { ...run.ref, error: String(error) });
      return false;
    });
    manager.adopt(run);
    if (settled) manager.forget(run);
  }
  if (runs.length > 0) log.info('runs found from before: {count}', { count: runs.length });
}

/** Whether the run is settled. */
async function takeStock(run: LocalRun): Promise<boolean> {
  await run.refresh();
  for (const why of await damages(run.directory)) run.complain(why);
  return (await run.directory.settled()) !== null;
}

/** What was settled lately must not be run again on a late word of the server's; not to know it is no reason to stay down. */
async function keptBefore({ kept }: RunManager): Promise<string[]> {
  return kept.load().catch((error: unknown) => {
    log.error('settled runs cannot be read: {error}', { error: String(error) });
    return [];
  });
}
