import type { Entry } from '../e2e/harness/wire.ts';

/** How often the log says that the task began to run. */
export function beginnings(log: readonly Entry[]): number {
  return log.filter((entry) => 'status' in entry && entry.status === 'running').length;
}

/** What the script agent's `drip` prints. */
export function drops(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `drop ${index + 1}`);
}

/** Numbered from one without a gap. */
export function isGapless(log: readonly Entry[]): boolean {
  return log.every((entry, index) => entry.seq === index + 1);
}
