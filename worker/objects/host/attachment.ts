import { z } from 'zod';

/** What a socket needs to outlive the object's sleep; a few hundred bytes of the 16,384 allowed. Times in ms. */
export const attachmentSchema = z.object({
  pool: z.string(),
  hostId: z.string(),
  ip: z.string(),
  tokenIssued: z.number(),
  tokenExpires: z.number(),
  /** Empty for a token without one. */
  tokenId: z.string().default(''),
  renewable: z.boolean().default(false),
  /** When the token is to be renewed; 0 for never. */
  renewAt: z.number().default(0),
  connectedAt: z.number(),
  /** 0 until it registers. */
  epoch: z.int(),
  protocol: z.union([z.literal(1), z.literal(2)]),
  /** `registered` has been sent. */
  registered: z.boolean(),
  lastFrameAt: z.number(),
  lastPing: z.number(),
  graceUntil: z.number(),
  /** SchedulerDO wants to hear of the next frame. */
  probing: z.boolean(),
  /** A malformed frame has been logged: once a connection. */
  complained: z.boolean(),
});
export type Attachment = z.infer<typeof attachmentSchema>;
