import { z } from 'zod';
import { approvalDecisionSchema, approvalIdSchema } from '../approval.ts';
import { runRefShape } from './run-ref.ts';

/** down · version 2: the answer to what the agent asked. Acknowledged like an input, by `input:ack` with its `inputId`. */
export const approvalDecidedSchema = z.object({
  type: z.literal('approval:decided'),
  ...runRefShape,
  approvalId: approvalIdSchema,
  decision: approvalDecisionSchema,
  /** The same id may come again after a reconnect. */
  inputId: z.string(),
});
