import { renewalOf } from '../../domain/host-deadlines.ts';
import type { Attachment } from './attachment.ts';
import type { HostParts } from './parts.ts';
import type { Peer } from './sockets.ts';

/** A token that could not be made, for want of a secret perhaps: how long until the next try, ms. */
const RETRY_MS = 60_000;

/** Tells a registered host its next token, of the same life and id: a revocation by the id covers them all. */
export async function renewToken(parts: HostParts, { ws, info }: Peer): Promise<void> {
  const now = parts.clock.now();
  // Whatever happens, the alarm is not to find this due again and again.
  parts.sockets.update(ws, { renewAt: now + RETRY_MS });
  const issuedAt = Math.max(now, parts.connection.revokedAt() + 1);
  const life = info.tokenExpires - info.tokenIssued;
  const expiresAt = Math.round((issuedAt + life) / 1000) * 1000;
  const { pool, hostId, tokenId } = info;
  try {
    const token = await parts.signToken({
      sub: hostId,
      role: 'host',
      pool,
      iat: issuedAt / 1000,
      exp: expiresAt / 1000,
      renewable: true,
      ...(tokenId === '' ? {} : { jti: tokenId }),
    });
    if (!parts.sockets.send(ws, { type: 'token:renewed', token, expiresAt })) return;
    const renewed = { tokenIssued: issuedAt, tokenExpires: expiresAt, renewAt: renewalOf(issuedAt, expiresAt) };
    parts.sockets.update(ws, renewed);
    await noteRenewal(parts, info, expiresAt);
  } catch (error) {
    console.error('host: the token could not be renewed', { hostId, error: String(error) });
  }
}

/** The audit says so, and the host's name stays its own for as long. */
async function noteRenewal(parts: HostParts, info: Attachment, until: number): Promise<void> {
  const { pool, hostId: sub, ip, tokenId } = info;
  const access = parts.access(pool);
  const who = { sub, role: 'host', ip, ...(tokenId === '' ? {} : { tokenId }) } as const;
  const what = { action: 'token.renew', target: sub, outcome: 'ok' } as const;
  await access.noteHost(sub, until);
  await access.record({ at: parts.clock.now(), requestId: '', ...what, ...who });
}
