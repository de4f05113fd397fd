import { bootId, ownIdentity } from '../process/identity.ts';
import { claimFile } from '../runs/durable.ts';
import type { ProcessIdentity, SupervisorFile } from '../runs/files.ts';
import type { RunDirectory } from '../runs/run-directory.ts';

/** Makes this process the run's supervisor by writing `supervisor.json`; false when the run has or had one. */
export async function claimRun(run: RunDirectory): Promise<boolean> {
  return claim(run, await ownIdentity());
}

/** Takes a run that has no supervisor, so that none will take it: it is lost from then on. False when it has or had one. */
export async function claimForNobody(run: RunDirectory): Promise<boolean> {
  return claim(run, { pid: process.pid, startTime: '' });
}

async function claim(run: RunDirectory, identity: ProcessIdentity): Promise<boolean> {
  const file: SupervisorFile = { ...identity, bootId: await bootId(), mark: run.request?.mark };
  return claimFile(run.file('SUPERVISOR'), JSON.stringify(file));
}
