import { z } from 'zod';
import { type GatewayConfig, gatewayConfigSchema } from '../host.ts';

/** A third of the timeout: two beats may be lost before a host counts as silent. */
const BEATS_PER_TIMEOUT = 3;

/** The fields of a patch, each within the bounds that hold everywhere. */
export const configFieldsSchema = z.strictObject(gatewayConfigSchema.partial().shape);

/** `PATCH /api/hosts/:id/config`; bounds that depend on the server's `HEARTBEAT_TIMEOUT_MS`. */
export function configPatchSchema(heartbeatTimeoutMs: number): z.ZodType<Partial<GatewayConfig>> {
  const longest = Math.floor(heartbeatTimeoutMs / BEATS_PER_TIMEOUT);
  return configFieldsSchema.refine(
    (patch) => patch.heartbeatInterval === undefined || patch.heartbeatInterval <= longest,
    {
      path: ['heartbeatInterval'],
      message: `must be at most ${longest}, a third of HEARTBEAT_TIMEOUT_MS`,
    },
  );
}
