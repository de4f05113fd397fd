import { z } from 'zod';
import { runRefShape } from './run-ref.ts';

/** The server's word on one unsettled run. */
export const runVerdictSchema = z.object({
  ...runRefShape,
  /**
   * - `continue`: still this host's; send events from `ackedSeq + 1`, and the result.
   * - `stop`: given away or ended; end the agent, then send nothing but its late result.
   * - `settled`: nothing is owed any more; end the agent if it runs, forget the directory.
   */
  verdict: z.enum(['continue', 'stop', 'settled']),
  /** Events up to this number are stored. */
  ackedSeq: z.int().min(0),
});
export type RunVerdict = z.infer<typeof runVerdictSchema>;

/** down · answer to `register`; `ok: false` is followed by a close. */
export const registeredV1Schema = z.object({
  type: z.literal('registered'),
  ok: z.boolean(),
  error: z.string().optional(),
});

export const registeredV2Schema = z.object({
  type: z.literal('registered'),
  ok: z.literal(true),
  protocol: z.literal(2),
  settings: z.object({
    /** ms between heartbeats that the server expects. */
    heartbeatInterval: z.int().min(1),
    /** ms of silence after which the server gives a connection up. */
    heartbeatTimeout: z.int().min(1),
  }),
  /** One for each run that `register` named. */
  runs: z.array(runVerdictSchema),
});

export type Registered = z.infer<typeof registeredV1Schema> | z.infer<typeof registeredV2Schema>;
