/** Pure: no clock, no randomness, no storage, no network. */
import type { TaskResult } from './task.ts';
import { utf8Head, utf8Length } from './utf8.ts';

export interface Diff {
  diff: string;
  /** Something is missing at its end. */
  truncated: boolean;
}

/** The whole lines of a unified diff that fit into `maxBytes`. */
export function cutDiff(text: string, maxBytes: number): Diff {
  if (utf8Length(text) <= maxBytes) return { diff: text, truncated: false };
  const kept = utf8Head(text, maxBytes);
  return { diff: kept.slice(0, kept.lastIndexOf('\n') + 1), truncated: true };
}

/** As it stands in a list, or beside a task: diffs of several would fill a page or a row. */
export function withoutDiff({ diff: _diff, diffTruncated: _truncated, ...result }: TaskResult): TaskResult {
  return result;
}
