import { z } from 'zod';

const DAY_MS = 24 * 60 * 60 * 1000;
/** A package manager on a slow network. */
const DEFAULT_SETUP_TIMEOUT_MS = 10 * 60 * 1000;
/** Time to look at what a task did, and to go on with it. */
const DEFAULT_KEEP_MS = 7 * DAY_MS;
const DEFAULT_KEEP_COUNT = 20;

const positiveMs = z.int('must be a whole number of milliseconds').min(1, 'must be at least 1 ms');

/** How this host makes and keeps the work trees of tasks. */
export const worktreeSettingsSchema = z.strictObject({
  /** Run in each new one before the agent; no shell. */
  setup: z.array(z.string()).min(1, 'must name a program').optional(),
  setupTimeoutMs: positiveMs.default(DEFAULT_SETUP_TIMEOUT_MS),
  /** ms since a task was last in it. */
  keepMs: positiveMs.default(DEFAULT_KEEP_MS),
  keepCount: z.int('must be a whole number').min(0, 'must be at least 0').default(DEFAULT_KEEP_COUNT),
});
export type WorktreeSettings = z.infer<typeof worktreeSettingsSchema>;
