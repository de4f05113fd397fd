import { z } from 'zod';
import { taskErrorSchema } from './errors.ts';
import { agentEventSchema } from './event.ts';
import { isTerminal, taskStatusSchema } from './task.ts';

/** An agent's event in a task's log. `at` is the server's clock at arrival, `event.timestamp` the host's. */
export const eventEntrySchema = z.object({
  seq: z.int().min(1),
  at: z.int(),
  hostId: z.string().optional(),
  attempt: z.int(),
  event: agentEventSchema,
});

/** A change of status in a task's log. */
export const statusEntrySchema = z.object({
  seq: z.int().min(1),
  at: z.int(),
  attempt: z.int(),
  status: taskStatusSchema,
  hostId: z.string().optional(),
  /** Why, where it is not plain: `host_lost` on a requeue, for instance. */
  reason: z.string().optional(),
  error: taskErrorSchema.optional(),
});

/** Stands in place of entries that the log no longer holds; both ends inclusive. */
export const gapEntrySchema = z.object({ gap: z.object({ from: z.int().min(1), to: z.int().min(1) }) });

export const logEntrySchema = z.union([eventEntrySchema, statusEntrySchema, gapEntrySchema]);

export type EventEntry = z.infer<typeof eventEntrySchema>;
export type StatusEntry = z.infer<typeof statusEntrySchema>;
export type GapEntry = z.infer<typeof gapEntrySchema>;
export type LogEntry = z.infer<typeof logEntrySchema>;

/** The last entry that a task's log will ever have. */
export function isTerminalEntry(entry: LogEntry): boolean {
  return 'status' in entry && isTerminal(entry.status);
}
