import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { RUN_FILES } from '../runs/files.ts';

/**
 * Bytes of `events.jsonl` of all runs on this host together: thirty-two logs at their limit, and little beside what agents build.
 * Only a host that runs many at once, or whose server stays away for long, comes near it.
 */
export const MAX_HOST_LOG_BYTES = 2 * 1024 * 1024 * 1024;
/** Bytes that one run appends between two looks at all runs; so much may each exceed the limit by. */
const LOOK_BYTES = 4 * 1024 * 1024;
/** ms between two looks of a run that appends less, or drops. */
const LOOK_MS = 5_000;
/** Share of the limit below which there is room again: at the limit itself a log would consist of holes. */
const ROOM_SHARE = 0.9;

/** Whether the logs of this host may grow. */
export interface Room {
  readonly isFull: boolean;
  readonly quotaBytes: number;
  /** So many bytes were appended, 0 for an event that was dropped. Returns at once. */
  note(bytes: number): void;
}

/** Looks now and then, never for each event, at how large the logs of all runs of this host are. */
export class HostRoom implements Room {
  readonly quotaBytes: number;
  readonly #runs: string;
  readonly #now: () => number;
  #isFull = false;
  #unseenBytes = 0;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #looking = false;

  /** `runs`: the directory of all run directories; `now`: ms, monotonic. */
  constructor(runs: string, now: () => number, quotaBytes = MAX_HOST_LOG_BYTES) {
    this.#runs = runs;
    this.#now = now;
    this.quotaBytes = quotaBytes;
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  note(bytes: number): void {
    this.#unseenBytes += bytes;
    if (this.#looking) return;
    if (this.#unseenBytes >= LOOK_BYTES || this.#now() - this.#lookedAt >= LOOK_MS) void this.look();
  }

  /** Measures now. Where that fails what was found last stands. */
  async look(): Promise<void> {
    this.#looking = true;
    this.#unseenBytes = 0;
    try {
      const bytes = await this.#measure();
      this.#isFull = bytes >= this.quotaBytes * (this.#isFull ? ROOM_SHARE : 1);
    } catch {
      // Said at every look it would fill the disk itself.
    } finally {
      this.#lookedAt = this.#now();
      this.#looking = false;
    }
  }

  async #measure(): Promise<number> {
    const names = await readdir(this.#runs);
    const sizes = await Promise.all(names.map((name) => sizeOf(join(this.#runs, name, RUN_FILES.EVENTS))));
    return sizes.reduce((sum, size) => sum + size, 0);
  }
}

/** 0 for a run that has none, or went meanwhile. */
async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
