import { MAX_REPLACEMENTS, REPLACEMENT_WINDOW_MS } from '../../shared/limits.ts';

/**
 * Two daemons under one host id would replace each other for ever: the newcomer is turned away once that shows.
 * Pure: no clock, no storage; `now` is passed in.
 */

/** Replacements that still count at `now`, oldest first. */
export function recentReplacements(replacedAt: readonly number[], now: number): number[] {
  return replacedAt.filter((at) => at > now - REPLACEMENT_WINDOW_MS).slice(-MAX_REPLACEMENTS);
}

/** ms after which a newcomer may try again, or null when it may come in. */
export function newcomerMustWait(replacedAt: readonly number[], currentAnswers: boolean, now: number): number | null {
  const recent = recentReplacements(replacedAt, now);
  const [oldest] = recent;
  if (!currentAnswers || oldest === undefined || recent.length < MAX_REPLACEMENTS) return null;
  return oldest + REPLACEMENT_WINDOW_MS - now;
}
