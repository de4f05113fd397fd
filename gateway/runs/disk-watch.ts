import { statfs } from 'node:fs/promises';

/** Bytes; where less is free not even what a run needs for its result is sure to fit. */
const FULL_BYTES = 128 * 1024;

export interface DiskWatchDeps {
  /** Bytes that this user can still write; rejects when that cannot be told. */
  available(): Promise<number>;
  /** Gives up what nobody waits for. */
  makeRoom(): Promise<void>;
  /** Called when it becomes full, and when there is room again. */
  onChange(isFull: boolean): void;
}

/** Bytes that are free for this user where `path` is. */
export async function availableBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}

/** Whether the disk of the runs is full: they wait then, each under its supervisor, and nobody else would tell the host's owner. */
export class DiskWatch {
  readonly #deps: DiskWatchDeps;
  #isFull = false;

  constructor(deps: DiskWatchDeps) {
    this.#deps = deps;
  }

  /** Never rejects. Calls must not overlap. */
  async look(): Promise<void> {
    const { available, makeRoom, onChange } = this.#deps;
    const bytes = await available().catch(() => null);
    if (bytes === null) return;
    const isFull = bytes < FULL_BYTES;
    if (isFull !== this.#isFull) onChange(isFull);
    this.#isFull = isFull;
    if (isFull) await makeRoom();
  }
}
