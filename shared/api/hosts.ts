import { z } from 'zod';
import { type GatewayConfig, gatewayConfigSchema } from '../host.ts';
import { DEFAULT_TOKEN_SECONDS, MAX_TOKEN_SECONDS } from '../limits.ts';

/** A third of the timeout: two beats may be lost before a host counts as silent. */
const BEATS_PER_TIMEOUT = 3;

/** `PATCH /api/hosts/:id/config`; bounds that depend on the server's `HEARTBEAT_TIMEOUT_MS`. */
export function configPatchSchema(heartbeatTimeoutMs: number): z.ZodType<Partial<GatewayConfig>> {
  const longest = Math.floor(heartbeatTimeoutMs / BEATS_PER_TIMEOUT);
  return z
    .strictObject(gatewayConfigSchema.partial().shape)
    .refine((patch) => patch.heartbeatInterval === undefined || patch.heartbeatInterval <= longest, {
      path: ['heartbeatInterval'],
      message: `must be at most ${longest}, a third of HEARTBEAT_TIMEOUT_MS`,
    });
}

/** `POST /api/hosts/:id/tokens`; the body may be absent. */
export const hostTokenBodySchema = z.strictObject({
  /** Seconds. */
  expiresIn: z.int().min(1).max(MAX_TOKEN_SECONDS).default(DEFAULT_TOKEN_SECONDS),
});

export const hostTokenSchema = z.object({
  token: z.string(),
  /** ms since the epoch. */
  expiresAt: z.int(),
});
export type HostToken = z.infer<typeof hostTokenSchema>;
