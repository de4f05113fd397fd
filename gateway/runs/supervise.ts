import { claimForNobody } from '../supervisor/claim.ts';
import { launchSupervisor } from '../supervisor/launch.ts';
import { endLostRun } from '../supervisor/lost.ts';
import { Wake } from '../wake.ts';
import type { ResultFile } from './files.ts';
import type { RunDirectory } from './run-directory.ts';
import { runState } from './run-state.ts';
import { watchRun } from './watch-run.ts';

/** How often a run's supervisor is looked for. */
const LOOK_MS = 2_000;
/** Supervisors that are launched for a run before it is given up: one that cannot start will not start the fourth time. */
const MAX_LAUNCHES = 3;
/** Looks between two launches: a busy machine starts a process slowly. */
const LOOKS_PER_LAUNCH = 8;

export interface SuperviseHooks {
  /** A file of the run has changed, perhaps. */
  onActivity(): void;
  /** Empty until the agent has named it. */
  onSession(sessionId: string): void;
  /** A sentence for the host's owner, about a file that cannot be used. */
  onDamage(why: string): void;
  /** ms since the epoch. */
  now(): number;
}

/**
 * Sees to it that a run is supervised, and follows it to its result; null when `signal` is aborted before. Where the supervisor
 * died, or somebody removed the directory, what is left of the agent is killed and the result is made in its place. Rejects with
 * the file system's errors. `isHandedOver`: the supervisor of a kept agent was told to take it, and is given time for that.
 */
export async function superviseRun(
  directory: RunDirectory,
  hooks: SuperviseHooks,
  signal: AbortSignal,
  { lookMs = LOOK_MS, isHandedOver = false }: { lookMs?: number; isHandedOver?: boolean } = {},
): Promise<ResultFile | null> {
  const wake = new Wake();
  // What waits for events is told before anything else is looked at: it is what people watch.
  const watch = watchRun(directory, () => {
    hooks.onActivity();
    wake.set();
  });
  const stop = () => wake.set();
  signal.addEventListener('abort', stop);
  let launches = 0;
  // A supervisor that has its agent ready already takes it.
  let looks = isHandedOver ? 1 : 0;
  let nextLook = 0;
  try {
    while (!signal.aborted) {
      const result = await directory.result();
      if (result !== null) return result;
      hooks.onSession((await directory.session()) ?? '');
      // A supervisor may die, and a directory go, under an agent that never is quiet.
      const isDue = performance.now() >= nextLook;
      const state = isDue ? await runState(directory) : 'running';
      if (isDue) nextLook = performance.now() + lookMs;
      if (state === 'lost') return await endRun(directory, hooks);
      if (state === 'unstarted' && looks++ % LOOKS_PER_LAUNCH === 0) {
        // Once more than that: the run is taken, but who took it cannot be read.
        if (launches > MAX_LAUNCHES) return await endRun(directory, hooks);
        // A supervisor that comes up this late must find the run taken.
        if (launches === MAX_LAUNCHES && (await claimForNobody(directory))) continue;
        launches += 1;
        await launchSupervisor(directory);
      }
      await wake.wait(Math.max(0, nextLook - performance.now()));
    }
    return null;
  } finally {
    signal.removeEventListener('abort', stop);
    watch.close();
  }
}

async function endRun(directory: RunDirectory, hooks: SuperviseHooks): Promise<ResultFile> {
  const { result, complaints } = await endLostRun(directory, hooks.now());
  for (const why of complaints) hooks.onDamage(why);
  return result;
}
