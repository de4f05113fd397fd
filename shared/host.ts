import { z } from 'zod';
import { hostIdSchema } from './ids.ts';
import { MAX_AGENTS, MAX_SPAWN_RETRIES, MAX_TASK_TIMEOUT_MS } from './limits.ts';
import { labelsSchema, nameSchema, pathSchema } from './task.ts';
import { limited } from './utf8-schema.ts';

/** What a host can run. */
export const hostCapabilitiesSchema = z.object({
  name: nameSchema,
  agents: z
    .array(nameSchema)
    .refine((agents) => agents.length <= MAX_AGENTS, limited('MAX_AGENTS', MAX_AGENTS, 'agents')),
  maxConcurrent: z.int().min(1),
  cwd: pathSchema,
  labels: labelsSchema.optional(),
});
export type HostCapabilities = z.infer<typeof hostCapabilitiesSchema>;

export const hostStatusSchema = z.object({
  hostId: hostIdSchema,
  name: z.string(),
  /** `busy`: at least one active task. */
  status: z.enum(['online', 'offline', 'busy']),
  capabilities: hostCapabilitiesSchema,
  activeTasks: z.array(z.string()),
  /** ms; at most `HEARTBEAT_TIMEOUT_MS` old in a list, fresh for one host. */
  lastHeartbeat: z.int(),
  connectedAt: z.int(),
});
export type HostStatus = z.infer<typeof hostStatusSchema>;

/** What the server may set on a host's daemon while it runs. */
export const gatewayConfigSchema = z.object({
  /** ms between heartbeats; bounds depend on the server's settings, see `configPatchSchema`. */
  heartbeatInterval: z.int().min(1000),
  /** ms; the host's default where a task names none. */
  taskTimeout: z.int().min(1).max(MAX_TASK_TIMEOUT_MS),
  /** How often an agent that could not be spawned is tried again. */
  maxRetries: z.int().min(0).max(MAX_SPAWN_RETRIES),
});
export type GatewayConfig = z.infer<typeof gatewayConfigSchema>;
