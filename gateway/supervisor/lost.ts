import { access } from 'node:fs/promises';
import { bootId } from '../process/identity.ts';
import { sweep } from '../process/sweep.ts';
import { replaceFile } from '../runs/durable.ts';
import { lastEventNumber } from '../runs/event-reader.ts';
import type { ResultFile } from '../runs/files.ts';
import type { RunDirectory } from '../runs/run-directory.ts';

/**
 * Ends a run that is `lost`: kills what is left of its agent, then writes its result, `agent_crashed`. Returns the result that
 * stands: one that is there already is never replaced.
 */
export async function endLostRun(run: RunDirectory, now: number): Promise<ResultFile> {
  await sweepRun(run);
  const existing = await run.result();
  if (existing !== null) return existing;
  const result: ResultFile = {
    lastSeq: await lastEventNumber(run.file('EVENTS')),
    finishedAt: now,
    result: { success: false },
    error: { code: 'agent_crashed', message: await causeOf(run) },
  };
  await replaceFile(run.file('RESULT'), JSON.stringify(result));
  return result;
}

/** After a reboot there is nothing to kill. */
async function sweepRun(run: RunDirectory): Promise<void> {
  const supervisor = await run.supervisor();
  if ((supervisor?.bootId ?? run.request.bootId) !== (await bootId())) return;
  await sweep({ mark: run.request.mark, agent: null });
}

async function causeOf(run: RunDirectory): Promise<string> {
  if (run.request.bootId !== (await bootId())) return 'the host went down while the agent ran';
  // A supervisor makes it before anything else.
  const supervised = await access(run.file('EVENTS')).then(
    () => true,
    () => false,
  );
  return supervised
    ? 'the process that supervised the agent died; the agent was stopped'
    : 'the process that supervises the agent could not be started';
}
