import type { ExitMode } from './config/flags.ts';
import { log } from './logger.ts';
import type { RunManager } from './runs/run-manager.ts';

/**
 * Clean-up, in this order; each step may be cut short by a second signal at no loss, for the disk holds all that is owed:
 * 1. no new tasks (`daemon.ts`)
 * 2. running agents: left, waited for, or ended (`finishRuns`)
 * 3. results that stand on disk are given a moment to reach the server (`finishRuns`)
 * 4. the connection is closed, then nobody follows the runs (`daemon.ts`)
 * 5. the state directory is unlocked (`main.ts`)
 */

/** ms for results to be settled. Short when agents are left running: a service manager waits for the exit. */
const FLUSH_MS: Readonly<Record<ExitMode, number>> = { leave: 1_000, drain: 15_000, abort: 15_000 };
const POLL_MS = 20;

export interface FinishDeps {
  exitMode: ExitMode;
  /** There may be a server to send results to. */
  connected: boolean;
  delay(ms: number): Promise<unknown>;
}

export async function finishRuns(manager: RunManager, { exitMode, connected, delay }: FinishDeps): Promise<void> {
  const active = manager.store.active();
  if (active.length > 0) log.info(ANNOUNCEMENTS[exitMode], { count: active.length });
  // A daemon that was refused cannot report what it would wait for.
  if (exitMode === 'abort') await Promise.allSettled(active.map((run) => manager.abort(run, 'shutdown')));
  if (exitMode === 'abort' || (exitMode === 'drain' && connected)) await manager.idle();
  if (!connected) return;
  for (let waited = 0; waited < FLUSH_MS[exitMode] && hasUnsettledResult(manager); waited += POLL_MS)
    await delay(POLL_MS);
}

const ANNOUNCEMENTS: Readonly<Record<ExitMode, string>> = {
  leave: 'agents that go on running: {count}; the next start of the daemon picks them up',
  drain: 'waiting for running agents: {count}',
  abort: 'ending running agents: {count}',
};

function hasUnsettledResult(manager: RunManager): boolean {
  return manager.store.owed().some((run) => run.result !== null);
}
