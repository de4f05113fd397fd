import { z } from 'zod';
import { heartbeatSchema } from './heartbeat.ts';
import { taskCompletedV1Schema, taskCompletedV2Schema, taskFailedV1Schema, taskFailedV2Schema } from './task-end.ts';
import { taskEventSchema, taskEventsSchema } from './task-event.ts';
import { inputAckSchema } from './task-input.ts';
import { taskRefusedSchema } from './task-refused.ts';
import { taskStartedV1Schema, taskStartedV2Schema } from './task-started.ts';

/** gateway → server, after `register`, version 1. */
export const upV1Schema = z.discriminatedUnion('type', [
  heartbeatSchema,
  taskStartedV1Schema,
  taskEventSchema,
  taskCompletedV1Schema,
  taskFailedV1Schema,
]);
export type UpV1 = z.infer<typeof upV1Schema>;

/** gateway → server, after `registered {protocol: 2}`. */
export const upV2Schema = z.discriminatedUnion('type', [
  heartbeatSchema,
  taskStartedV2Schema,
  taskEventsSchema,
  taskCompletedV2Schema,
  taskFailedV2Schema,
  taskRefusedSchema,
  inputAckSchema,
]);
export type UpV2 = z.infer<typeof upV2Schema>;
