import { z } from 'zod';
import { agentEventSchema } from '../event.ts';
import { taskIdSchema } from '../ids.ts';
import { MAX_BATCH_EVENTS } from '../limits.ts';
import { runRefShape } from './run-ref.ts';

/** What is off in a version-1 event is mended: a lost event cannot be asked for again. */
const eventV1Schema = agentEventSchema.extend({
  type: agentEventSchema.shape.type.catch('log'),
  content: agentEventSchema.shape.content.catch(undefined),
  timestamp: agentEventSchema.shape.timestamp.catch(0),
});

/** up · version 1: one event. */
export const taskEventSchema = z.object({
  type: z.literal('task:event'),
  taskId: taskIdSchema,
  event: eventV1Schema,
});

/** up · version 2: events `seq`, `seq + 1`, … of this attempt, as numbered on the host's disk. */
export const taskEventsSchema = z.object({
  type: z.literal('task:events'),
  ...runRefShape,
  seq: z.int().min(1),
  events: z.array(agentEventSchema).min(1).max(MAX_BATCH_EVENTS),
});
export type TaskEvents = z.infer<typeof taskEventsSchema>;

/**
 * down · version 2: every event up to `seq` is stored. A number below the one expected means that the server lacks
 * what follows it: go on from `seq + 1`.
 */
export const taskAckSchema = z.object({
  type: z.literal('task:ack'),
  ...runRefShape,
  seq: z.int().min(0),
});
