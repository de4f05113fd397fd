import { z } from 'zod';
import { hostIdSchema, poolIdSchema } from '../../../shared/ids.ts';
import { HOST_HEADERS } from '../../rpc.ts';
import type { Attachment } from './attachment.ts';

/** An address as the Worker passes it on; the longest IPv6 form with a zone is shorter. */
const ipSchema = z.string().max(128);

const secondsSchema = z
  .string()
  .min(1)
  .transform(Number)
  .pipe(z.number().positive())
  .transform((seconds) => seconds * 1000);

const handshakeSchema = z.object({
  pool: poolIdSchema,
  hostId: hostIdSchema,
  tokenIssued: secondsSchema,
  tokenExpires: secondsSchema,
  renewable: z
    .string()
    .nullable()
    .transform((text) => text === 'true'),
  ip: ipSchema,
  tokenId: z
    .string()
    .nullable()
    .transform((text) => decodeURIComponent(text ?? '')),
});

/** Who wants to connect; times in ms. */
export type Handshake = z.output<typeof handshakeSchema>;

/** Reads the headers that the Worker has set; throws a `z.ZodError` when it has not. */
export function readHandshake(headers: Headers): Handshake {
  return handshakeSchema.parse({
    pool: headers.get(HOST_HEADERS.POOL),
    hostId: headers.get(HOST_HEADERS.HOST),
    tokenIssued: headers.get(HOST_HEADERS.ISSUED_AT),
    tokenExpires: headers.get(HOST_HEADERS.EXPIRES_AT),
    ip: headers.get(HOST_HEADERS.IP),
    renewable: headers.get(HOST_HEADERS.RENEWABLE),
    tokenId: headers.get(HOST_HEADERS.TOKEN_ID),
  });
}

/** The attachment of a socket that has just been accepted. */
export function freshAttachment(handshake: Handshake, now: number): Attachment {
  return {
    ...handshake,
    connectedAt: now,
    epoch: 0,
    renewAt: 0,
    protocol: 1,
    registered: false,
    lastFrameAt: now,
    lastPing: now,
    graceUntil: 0,
    probing: false,
    complained: false,
  };
}
