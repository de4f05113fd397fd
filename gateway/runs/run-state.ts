import { bootId, isAlive } from '../process/identity.ts';
import { isThere } from './durable.ts';
import type { RunDirectory } from './run-directory.ts';

/**
 * - `finished`: there is a result.
 * - `unstarted`: no supervisor has taken it: launch one (twice does no harm: one of them wins).
 * - `running`: its supervisor is alive.
 * - `lost`: its supervisor died, the machine went down, its request is damaged and nobody supervises it, or its directory was
 *   removed: `endLostRun` of `supervisor/lost.ts` ends it.
 */
export type RunState = 'finished' | 'unstarted' | 'running' | 'lost';

/** Where a run stands, as the disk and the process table say. */
export async function runState(run: RunDirectory): Promise<RunState> {
  if ((await run.result()) !== null) return 'finished';
  const boot = await bootId();
  let supervisor = await run.supervisor();
  if (supervisor === null) {
    // Without its request none can be started, nor where there is no directory.
    if (run.request?.bootId !== boot || !(await run.exists())) return 'lost';
    if (!(await isThere(run.file('EVENTS')))) return 'unstarted';
    // A supervisor makes them as soon as it has taken the run: it may have done so since the first look. Where it is still
    // not to be seen somebody removed its file, and a second one beside it could only die.
    supervisor = await run.supervisor();
    if (supervisor === null) return 'lost';
  }
  if (supervisor.bootId === boot && (await isAlive(supervisor))) return 'running';
  // It may have written its result and exited since the first look.
  return (await run.result()) === null ? 'lost' : 'finished';
}

/** Tells a living supervisor by signal to end its run; false when there is none. */
export async function stopSupervisor(run: RunDirectory): Promise<boolean> {
  if ((await runState(run)) !== 'running') return false;
  const supervisor = await run.supervisor();
  if (supervisor !== null) process.kill(supervisor.pid, 'SIGTERM');
  return supervisor !== null;
}
