import type { Context } from 'hono';
import type { HostToken } from '../../shared/api/access.ts';
import { signToken } from '../token.ts';
import { secretsOf } from './auth.ts';
import type { AppEnv } from './context.ts';
import { retrying } from './retry.ts';

/** A token for this one host, good for so many seconds, which need not have connected yet. */
export async function issueHostToken(
  c: Context<AppEnv>,
  pool: string,
  hostId: string,
  seconds: number,
): Promise<HostToken> {
  const revokedAt = await retrying(() => c.get('objects').host(pool, hostId).revokedAt());
  // Later than the last revocation even within its millisecond: `iat` may have a fraction.
  const issuedAt = Math.max(Date.now(), revokedAt + 1);
  const exp = Math.ceil(issuedAt / 1000) + seconds;
  const tokenId = crypto.randomUUID();
  const claims = { sub: hostId, role: 'host' as const, pool, iat: issuedAt / 1000, exp, jti: tokenId };
  return { token: await signToken(claims, secretsOf(c.env)[0]), tokenId, expiresAt: exp * 1000 };
}
