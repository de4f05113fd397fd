import { setTimeout as sleep } from 'node:timers/promises';
import { sweep } from '../process/sweep.ts';
import { stateDirOf } from '../runs/run-directory.ts';
import { openRun } from '../runs/run-list.ts';
import { WarmAgents } from '../runs/warm-agents.ts';
import { agentKind, warmDirectory } from '../runs/warm-files.ts';
import type { EndRequest } from './end.ts';
import { availableMemory, claimed, endKept, type KeptAgent } from './kept-agent.ts';
import { type Job, supervise } from './supervise.ts';

/** ms from the claim of an agent to the run that it is to take: its directory is being made. */
const RUN_PATIENCE_MS = 10_000;
const POLL_MS = 10;

/**
 * Supervises a run, and after it, as long as its agent can be kept, each further one that the daemon hands to that agent. `nextEnd`
 * gives what ends the run, or the wait, that begins. Rejects when a directory cannot be written; no agent is left then.
 */
export async function superviseInTurn(first: Job, nextEnd: () => EndRequest, now: () => number): Promise<void> {
  let job = first;
  let kept: KeptAgent | null = null;
  for (;;) {
    try {
      kept = await supervise(job, nextEnd(), now, kept);
    } catch (error) {
      await sweep({ mark: job.request.mark, agent: null });
      throw error;
    }
    const { keepWarm, mark } = job.request;
    if (kept === null || keepWarm === undefined) return;
    const stateDir = stateDirOf(job.run);
    const directory = warmDirectory(stateDir, mark);
    const onFree = () => new WarmAgents(stateDir, keepWarm.count).trim();
    const deps = {
      directory,
      kind: agentKind(job.request),
      keepMs: keepWarm.ms,
      end: nextEnd(),
      onFree,
      availableMemory,
      now,
    };
    const path: string | null = await claimed(kept, deps);
    const next: Job | null = path === null ? null : await awaitRun(path);
    if (next === null) return endKept(kept, directory);
    if (kept.process.child.exitCode !== null || kept.process.child.signalCode !== null) kept = null;
    job = next;
  }
}

/** Null when it does not come: the daemon could not make it. */
async function awaitRun(path: string): Promise<Job | null> {
  for (let waited = 0; waited < RUN_PATIENCE_MS; waited += POLL_MS) {
    const run = await openRun(path);
    if (run !== null) return run.request === null ? null : { run, request: run.request };
    await sleep(POLL_MS);
  }
  return null;
}
