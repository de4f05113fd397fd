/** Pure: no clock, no randomness, no I/O. Which settled runs a host keeps for a while. */

/**
 * ms: long enough to look into what has just gone wrong; the task's log and result are the server's, and kept there for days. No
 * longer, for prompts and output lie in it.
 */
export const KEEP_SETTLED_MS = 60 * 60 * 1000;
/** However busy the host: more than anyone looks through. */
export const MAX_KEPT_RUNS = 100;
/** Bytes of their logs: four at the limit of one. */
export const MAX_KEPT_BYTES = 256 * 1024 * 1024;

/** A settled run on the disk. */
export interface KeptRun {
  /** Of its directory. */
  name: string;
  /** ms since the epoch. */
  settledAt: number;
  /** Of its log; the rest is small. */
  bytes: number;
}

/** Those to keep, the latest first, and those to remove. A moment in the future, after the clock was set back, counts as now. */
export function divideKept(runs: readonly KeptRun[], now: number): { keep: KeptRun[]; remove: KeptRun[] } {
  const latestFirst = runs
    .map((run) => ({ ...run, settledAt: Math.min(run.settledAt, now) }))
    .sort((a, b) => b.settledAt - a.settledAt);
  let bytes = 0;
  const fits = latestFirst.map((run, index) => {
    bytes += run.bytes;
    return now - run.settledAt < KEEP_SETTLED_MS && index < MAX_KEPT_RUNS && bytes <= MAX_KEPT_BYTES;
  });
  return {
    keep: latestFirst.filter((_, index) => fits[index]),
    remove: latestFirst.filter((_, index) => !fits[index]),
  };
}
