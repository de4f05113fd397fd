import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { divideKept, type KeptRun } from '../domain/kept-runs.ts';
import { log } from '../logger.ts';
import { isErrno } from './durable.ts';
import { RUN_FILES, settledFileSchema } from './files.ts';
import { usableContent } from './read-back.ts';
import { DIRECTORY_MODE, directoryName, type RunDirectory } from './run-directory.ts';

/** Beside `runs`: what lies here is owed to nobody, and never taken for a run. */
const SETTLED = 'settled';
/** The agent's environment, what people typed to it, what it unpacked and git compared: secrets and bulk that explain nothing afterwards. */
const NOT_KEPT = [RUN_FILES.REQUEST, RUN_FILES.CONTROL, 'tmp', 'git'];

/** The settled runs that are kept for a while, so that somebody can look why one went wrong. */
export class SettledRuns {
  readonly #directory: string;
  readonly #now: () => number;
  #kept: KeptRun[] = [];

  /** `now`: ms since the epoch. */
  constructor(stateDir: string, now: () => number) {
    this.#directory = join(stateDir, SETTLED);
    this.#now = now;
  }

  /** Takes up what an earlier daemon kept, less what has become old; returns the names of their directories. */
  async load(): Promise<string[]> {
    const names = await readdir(this.#directory).catch((error: unknown) => {
      if (isErrno(error, 'ENOENT')) return [];
      throw error;
    });
    for (const name of names) {
      await this.#strip(name);
      this.#kept.push(await this.#describe(name));
    }
    await this.prune();
    return names;
  }

  /** Puts a settled run aside, out of the runs. One that cannot be kept is removed; rejects when that fails too. */
  async keep(run: RunDirectory): Promise<void> {
    const name = directoryName(run.ref);
    try {
      await mkdir(this.#directory, { recursive: true, mode: DIRECTORY_MODE });
      // A version-1 server gives no number to attempts: an earlier run may have had the same.
      this.#kept = this.#kept.filter((kept) => kept.name !== name);
      await this.#discard(name);
      await rename(run.path, join(this.#directory, name));
    } catch {
      await run.remove();
      return;
    }
    await this.#strip(name);
    this.#kept.push(await this.#describe(name));
    await this.prune();
  }

  /** Removes what is too old or too much. Never rejects. */
  async prune(): Promise<void> {
    const { keep, remove } = divideKept(this.#kept, this.#now());
    this.#kept = keep;
    for (const { name } of remove) await this.#discard(name);
  }

  /** Removes all: somebody else needs the room. Never rejects. */
  async clear(): Promise<void> {
    const all = this.#kept;
    this.#kept = [];
    for (const { name } of all) await this.#discard(name);
  }

  async #describe(name: string): Promise<KeptRun> {
    const path = join(this.#directory, name);
    const settled = await usableContent(join(path, RUN_FILES.SETTLED), settledFileSchema).catch(() => null);
    const bytes = await stat(join(path, RUN_FILES.EVENTS)).then(
      ({ size }) => size,
      () => 0,
    );
    return { name, settledAt: settled?.settledAt ?? this.#now(), bytes };
  }

  async #strip(name: string): Promise<void> {
    for (const file of NOT_KEPT) await remove(join(this.#directory, name, file));
  }

  async #discard(name: string): Promise<void> {
    await remove(join(this.#directory, name));
  }
}

async function remove(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch((error: unknown) =>
    log.error('cannot remove {path}: {error}; remove it by hand', { path, error: String(error) }),
  );
}
