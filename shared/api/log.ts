import { z } from 'zod';
import { DEFAULT_LOG_PAGE, MAX_LOG_PAGE } from '../limits.ts';
import { logEntrySchema } from '../log-entry.ts';
import { pageSize, queryInteger } from './query.ts';

/** `GET /api/tasks/:id/events`; `after` is exclusive. */
export const readLogSchema = z.strictObject({
  after: queryInteger(0).default(0),
  limit: pageSize(DEFAULT_LOG_PAGE, MAX_LOG_PAGE),
});

/** The `Last-Event-ID` of a stream that goes on; wins over `after`. */
export const lastEventIdSchema = queryInteger(0);

export const logPageSchema = z.object({
  events: z.array(logEntrySchema),
  /** Pass it as the next `after`. */
  nextAfter: z.int(),
  /** This page reaches the terminal entry. */
  done: z.boolean(),
});
export type LogPage = z.infer<typeof logPageSchema>;
