/** A host as SchedulerDO keeps it. Pure: no clock, randomness, storage or network; `now` is passed in. */
import { z } from 'zod';
import { gatewayConfigSchema, hostCapabilitiesSchema } from '../../shared/host.ts';

export const poolHostSchema = z.object({
  hostId: z.string(),
  /** Of the connection that registered last. */
  epoch: z.int(),
  online: z.boolean(),
  protocol: z.union([z.literal(1), z.literal(2)]),
  features: z.array(z.string()),
  withoutInput: z.array(z.string()),
  /** Of the state directory of the daemon that is connected, or was last. */
  instance: z.string().optional(),
  capabilities: hostCapabilitiesSchema,
  ip: z.string(),
  connectedAt: z.int(),
  /** The last time that HostDO told of it; HostDO knows a fresher one. */
  lastSeen: z.int(),
  offlineAt: z.int().optional(),
  /** An execute went unanswered at this time: nothing is offered until any frame arrives. */
  suspectAt: z.int().optional(),
  /** It said `full` or `draining`: no offers before this time or until it frees something. */
  heldUntil: z.int().optional(),
  /** How often it has said so since it last took a task, and in which words. */
  full: z.object({ times: z.int(), words: z.string() }).optional(),
  /** What the operator has set. */
  config: gatewayConfigSchema.partial().optional(),
});
export type PoolHost = Readonly<z.infer<typeof poolHostSchema>>;

/** It is connected, and no offer to it went unanswered. */
export function isReachable(host: PoolHost): boolean {
  return host.online && host.suspectAt === undefined;
}

/** May be offered work at all, capacity aside. */
export function takesOffers(host: PoolHost, now: number): boolean {
  return isReachable(host) && (host.heldUntil === undefined || host.heldUntil <= now);
}
