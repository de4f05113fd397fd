import { z } from 'zod';
import { runRefShape } from './run-ref.ts';

/**
 * down · version 2: nothing more will be sent to an interactive agent; it ends with its turn. Acknowledged like an input, by
 * `input:ack` with its `inputId`.
 */
export const taskFinishSchema = z.object({
  type: z.literal('task:finish'),
  ...runRefShape,
  /** The same id may come again after a reconnect. */
  inputId: z.string(),
});
