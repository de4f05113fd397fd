/** When a log object may go. Pure: no clock, no randomness, no storage; `now` is passed in. */

const DAY_MS = 24 * 60 * 60 * 1000;

/** While tasks of the day are unfinished, the object looks again after so long: seldom, for each alarm is billed. */
export const RECHECK_MS = DAY_MS;

export function retentionMs(days: number): number {
  return days * DAY_MS;
}

export interface LogSummary {
  tasks: number;
  /** Tasks without a terminal entry. */
  open: number;
  /** ms; when the last one ended, null when none has. */
  lastTerminalAt: number | null;
}

export type RetentionDecision =
  | { kind: 'retire' }
  | { kind: 'check_at'; at: number }
  /** Nothing is held: the next task arms the alarm. */
  | { kind: 'idle' };

/** An object goes as a whole, once each of its tasks ended longer than `keepMs` ago. */
export function decideRetention(summary: LogSummary, keepMs: number, now: number): RetentionDecision {
  if (summary.tasks === 0) return { kind: 'idle' };
  if (summary.open > 0 || summary.lastTerminalAt === null) return { kind: 'check_at', at: now + RECHECK_MS };
  const due = summary.lastTerminalAt + keepMs;
  return due <= now ? { kind: 'retire' } : { kind: 'check_at', at: due };
}
