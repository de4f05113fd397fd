import { mkdir, rename, rm } from 'node:fs/promises';
import { totalmem } from 'node:os';
import type { LastingConversation } from '../agents/driver.ts';
import { bootId, ownIdentity } from '../process/identity.ts';
import { sweep } from '../process/sweep.ts';
import { isThere, readJson, replaceFile } from '../runs/durable.ts';
import type { ProcessIdentity } from '../runs/files.ts';
import { tryWatch } from '../runs/try-watch.ts';
import { claimAgent, claimSchema, type FreeAgent, type warmDirectory } from '../runs/warm-files.ts';
import { Wake } from '../wake.ts';
import type { AgentProcess } from './agent-process.ts';
import type { EndRequest } from './end.ts';

/** How often a free agent's supervisor looks whether it is still wanted; what is done to it wakes it earlier. */
const LOOK_MS = 2_000;
/** Share of the machine's memory below which free agents give theirs back. */
const MIN_AVAILABLE = 0.1;

/** An agent whose task is done and that has not ended. */
export interface KeptAgent {
  readonly process: AgentProcess;
  readonly driver: LastingConversation;
  /** Itself and what it had started before its first turn. */
  readonly own: readonly ProcessIdentity[];
}

export interface FreeDeps {
  directory: ReturnType<typeof warmDirectory>;
  kind: string;
  /** ms that it is kept for. */
  keepMs: number;
  end: EndRequest;
  /** It has been announced. */
  onFree(): Promise<void>;
  /** Share of the machine's memory that a new program could have. */
  availableMemory(): number;
  /** ms since the epoch. */
  now(): number;
}

/** Of what the container or the machine has. */
export function availableMemory(): number {
  const limit = process.constrainedMemory();
  const all = totalmem();
  return process.availableMemory() / (limit > 0 && limit < all ? limit : all);
}

/**
 * Announces the agent as free and waits until it is claimed: the path of the run that it is to take; null when it is to end,
 * because somebody says so, its time is up, it has ended by itself, or memory is short.
 */
export async function claimed(agent: KeptAgent, deps: FreeDeps): Promise<string | null> {
  const { directory, kind, keepMs, end } = deps;
  const wake = new Wake();
  const free: FreeAgent = { ...(await ownIdentity()), bootId: await bootId(), kind, since: deps.now() };
  await mkdir(directory.free, { recursive: true, mode: 0o700 });
  const watcher = tryWatch(directory.free, () => wake.set());
  await replaceFile(directory.agent, JSON.stringify(free));
  await deps.onFree();
  void agent.process.exit.then(() => wake.set());
  void end.wait().then(() => wake.set());
  const deadline = performance.now() + keepMs;
  const { child } = agent.process;
  const isWanted = () =>
    end.reason === null &&
    child.exitCode === null &&
    child.signalCode === null &&
    performance.now() < deadline &&
    deps.availableMemory() >= MIN_AVAILABLE;
  try {
    for (;;) {
      const claim = await readJson(directory.claim, claimSchema);
      if (claim !== null) return claim.run;
      // Where the directory is gone nobody will claim it either.
      if (!(await isThere(directory.free)) || (!isWanted() && (await claimAgent(directory, { run: null }))))
        return null;
      await wake.wait(Math.min(LOOK_MS, Math.max(0, deadline - performance.now())));
    }
  } finally {
    watcher?.close();
    // At once, so that nobody claims it a second time.
    const old = `${directory.free}.claimed`;
    if (await isThere(directory.free)) await rename(directory.free, old);
    await rm(old, { recursive: true, force: true });
  }
}

/** Ends it with all that belongs to it. Not by its mark: another supervisor may have taken its run, and started an agent that bears it too. */
export async function endKept({ process: { identity } }: KeptAgent, directory: FreeDeps['directory']): Promise<void> {
  await sweep({ mark: null, agent: await identity });
  await rm(directory.path, { recursive: true, force: true });
}
