import type { Driver } from '../agents/driver.ts';
import { logEvent } from '../domain/agent-lines.ts';
import { type AgentDeps, type AgentRun, runAgent } from './run-agent.ts';

/** Starts after the first. Each costs some seconds of the task's time; a machine so busy that none of them succeeds has other troubles. */
const MAX_MORE_STARTS = 3;

/**
 * Runs the agent as `runAgent` does, and again where it has ended without having taken its prompt: it has done nothing then. The time
 * limit is that of all of them together. `anew`: a driver for another start.
 */
export async function runHeard(deps: AgentDeps, anew: () => Driver): Promise<AgentRun> {
  const { request } = deps;
  let { driver } = deps;
  let durationMs = 0;
  for (let startsLeft = MAX_MORE_STARTS; ; startsLeft -= 1) {
    const run = await runAgent({
      ...deps,
      driver,
      request: { ...request, timeoutMs: request.timeoutMs - durationMs },
    });
    durationMs += run.durationMs;
    if (startsLeft === 0 || !hasMissedPrompt(driver, run)) return { ...run, durationMs };
    const note = 'The agent did not take its prompt in time, and is started again.';
    await deps.events.append([logEvent(note, { restart: true }, deps.now())]);
    driver = anew();
  }
}

function hasMissedPrompt(driver: Driver, { end, stderrTail }: AgentRun): boolean {
  return end.kind === 'exited' && driver.missedPrompt?.(end.exit, stderrTail) === true;
}
