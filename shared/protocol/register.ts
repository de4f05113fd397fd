import { z } from 'zod';
import { hostCapabilitiesSchema } from '../host.ts';
import { hostIdSchema } from '../ids.ts';
import { MAX_AGENTS, MAX_REPORTED_RUNS } from '../limits.ts';
import { nameSchema } from '../task.ts';
import { limited } from '../utf8-schema.ts';
import { runRefShape } from './run-ref.ts';

/** A run whose directory the host still has: not settled yet. */
export const reportedRunSchema = z.object({
  ...runRefShape,
  /** Number of the last event on the host's disk; 0 for none. */
  lastSeq: z.int().min(0),
  /** Its result stands on disk: nothing runs any more. */
  finished: z.boolean(),
});
export type ReportedRun = z.infer<typeof reportedRunSchema>;

/** What a version-2 gateway says beyond version 1. */
export const registerExtrasSchema = z.object({
  protocol: z.literal(2),
  /** The gateway's own version, for the operator. */
  version: nameSchema,
  /** Named features beyond version 1 that tasks may need. */
  features: z
    .array(nameSchema)
    .refine((features) => features.length <= MAX_AGENTS, limited('MAX_AGENTS', MAX_AGENTS, 'features')),
  /** Agents that take no `task:input`. */
  withoutInput: z.array(nameSchema),
  /** Of the gateway's state directory: who has the runs. Another one under the same host id is another daemon. */
  instance: nameSchema.optional(),
  /** Every unsettled run; those that go on first, then oldest first. */
  runs: z.array(reportedRunSchema).max(MAX_REPORTED_RUNS),
});
export type RegisterExtras = z.infer<typeof registerExtrasSchema>;

/** up · first frame of a connection. */
export const registerV1Schema = z.object({
  type: z.literal('register'),
  hostId: hostIdSchema,
  capabilities: hostCapabilitiesSchema,
});

export const registerV2Schema = registerV1Schema.extend(registerExtrasSchema.shape);

export type RegisterV1 = z.infer<typeof registerV1Schema>;
export type RegisterV2 = z.infer<typeof registerV2Schema>;
export type Register = RegisterV1 | RegisterV2;

/** Which schema a `register` is judged by: a gateway that announces another protocol number is served as version 1. */
export function registerSchemaFor(frame: object): z.ZodType<Register> {
  return 'protocol' in frame && frame.protocol === 2 ? registerV2Schema : registerV1Schema;
}
