import { z } from 'zod';
import { approvalDecidedSchema } from './approval-decided.ts';
import { configUpdateSchema } from './config-update.ts';
import { heartbeatOkSchema, pingSchema } from './heartbeat.ts';
import { registeredV1Schema, registeredV2Schema } from './registered.ts';
import { taskAbortSchema } from './task-abort.ts';
import { taskAckSchema } from './task-event.ts';
import { taskExecuteSchema } from './task-execute.ts';
import { taskFinishSchema } from './task-finish.ts';
import { taskInputSchema } from './task-input.ts';
import { taskSettledSchema } from './task-settled.ts';
import { tokenRenewedSchema } from './token-renewed.ts';

const downV2Schema = z.discriminatedUnion('type', [
  registeredV2Schema,
  pingSchema,
  heartbeatOkSchema,
  taskExecuteSchema,
  taskAbortSchema,
  taskInputSchema,
  configUpdateSchema,
  taskAckSchema,
  taskSettledSchema,
  approvalDecidedSchema,
  taskFinishSchema,
  tokenRenewedSchema,
]);

/** Every type that a server sends. */
export const DOWN_TYPES: ReadonlySet<string> = new Set(downV2Schema.options.map(({ shape }) => shape.type.value));

/** server → gateway, either version; a version-1 gateway only ever gets the fields of version 1. */
export const downSchema = z.union([downV2Schema, registeredV1Schema]);
export type Down = z.infer<typeof downSchema>;

/** Only `registered` differs in form between the versions, by its `protocol`. */
export function downSchemaFor(frame: object): z.ZodType<Down> {
  const isV1Answer = 'type' in frame && frame.type === 'registered' && !('protocol' in frame && frame.protocol === 2);
  return isV1Answer ? registeredV1Schema : downV2Schema;
}
