import { z } from 'zod';
import { gatewayConfigSchema } from '../host.ts';

/** down · settings that take effect at once. */
export const configUpdateSchema = z.object({
  type: z.literal('config:update'),
  config: gatewayConfigSchema.partial(),
});
