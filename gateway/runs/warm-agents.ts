import { readdir, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { KILL_GRACE_MS } from '../../shared/limits.ts';
import { bootId, isAlive } from '../process/identity.ts';
import { sweep } from '../process/sweep.ts';
import { isErrno, readJson } from './durable.ts';
import { type Claim, claimAgent, type FreeAgent, freeAgentSchema, warmDirectory, warmRoot } from './warm-files.ts';

/** ms for agents to end at a shutdown: KILL, and what it takes to see that. */
const END_MS = KILL_GRACE_MS + 2_000;
const POLL_MS = 50;

interface Kept extends FreeAgent {
  mark: string;
}

/** The agents that supervisors keep after a task, as the daemon sees them. Everything is read from the disk each time. */
export class WarmAgents {
  readonly #stateDir: string;
  readonly #count: number;

  /** `count`: free agents that are kept at most. */
  constructor(stateDir: string, count: number) {
    this.#stateDir = stateDir;
    this.#count = count;
  }

  /** Takes a free agent of that kind for the run whose directory will be `path`; its mark, which the run is to bear. Null: none. */
  async claim(kind: string, path: string): Promise<string | null> {
    if (this.#count === 0) return null;
    for (const kept of await this.#free()) {
      if (kept.kind === kind && (await this.#claim(kept, { run: path }))) return kept.mark;
    }
    return null;
  }

  /** Ends those that are too many, the longest free first, and clears up after those whose supervisor has died. */
  async trim(): Promise<void> {
    for (const kept of (await this.#free()).slice(this.#count)) await this.#claim(kept, { run: null });
  }

  /** Ends all; resolves when they are gone, or after some seconds. */
  async end(): Promise<void> {
    const free = await this.#free();
    for (const kept of free) await this.#claim(kept, { run: null });
    for (let waited = 0; waited < END_MS && (await anyAlive(free)); waited += POLL_MS) await sleep(POLL_MS);
  }

  /** Lately freed ones first: their caches are the warmest. */
  async #free(): Promise<Kept[]> {
    const marks = await readdir(warmRoot(this.#stateDir)).catch((error: unknown) => {
      if (isErrno(error, 'ENOENT')) return [];
      throw error;
    });
    const kept: Kept[] = [];
    for (const mark of marks) {
      const free = await readJson(warmDirectory(this.#stateDir, mark).agent, freeAgentSchema);
      if (free === null) continue;
      if (await isKept(free)) kept.push({ ...free, mark });
      else await this.#clear(mark);
    }
    return kept.sort((a, b) => b.since - a.since);
  }

  async #clear(mark: string): Promise<void> {
    await sweep({ mark, agent: null });
    await rm(warmDirectory(this.#stateDir, mark).path, { recursive: true, force: true });
  }

  #claim({ mark }: Kept, claim: Claim): Promise<boolean> {
    return claimAgent(warmDirectory(this.#stateDir, mark), claim);
  }
}

async function isKept(free: FreeAgent): Promise<boolean> {
  return free.bootId === (await bootId()) && (await isAlive(free));
}

async function anyAlive(agents: readonly FreeAgent[]): Promise<boolean> {
  for (const agent of agents) if (await isAlive(agent)) return true;
  return false;
}
