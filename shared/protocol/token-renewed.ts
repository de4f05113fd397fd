import { z } from 'zod';
import { MAX_TOKEN_BYTES } from '../limits.ts';

/** down · version 2, to a gateway that announced `token_renewal`: the token to connect with from now on. */
export const tokenRenewedSchema = z.object({
  type: z.literal('token:renewed'),
  /** Goes into a header: one word. */
  token: z
    .string()
    .regex(/^[\x21-\x7e]+$/, 'must be one word of printable ASCII characters')
    .max(MAX_TOKEN_BYTES),
  /** ms since the epoch. */
  expiresAt: z.int(),
});
