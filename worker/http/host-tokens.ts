import type { Context } from 'hono';
import type { HostToken } from '../../shared/api/access.ts';
import type { Claims } from '../../shared/token.ts';
import { signToken } from '../token.ts';
import { secretsOf } from './auth.ts';
import type { AppEnv } from './context.ts';
import { retrying } from './retry.ts';

/** Whose token, how long it is good, and whether the server renews it. */
export type HostTokenOrder = { pool: string; hostId: string; seconds: number } & Pick<Claims, 'renewable'>;

/** A token for this one host, which need not have connected yet. */
export async function issueHostToken(c: Context<AppEnv>, order: HostTokenOrder): Promise<HostToken> {
  const { pool, hostId, seconds, renewable } = order;
  const revokedAt = await retrying(() => c.get('objects').host(pool, hostId).revokedAt());
  // Later than the last revocation even within its millisecond: `iat` may have a fraction.
  const issuedAt = Math.max(Date.now(), revokedAt + 1);
  const exp = Math.ceil(issuedAt / 1000) + seconds;
  const tokenId = crypto.randomUUID();
  const claims: Claims = { sub: hostId, role: 'host', pool, iat: issuedAt / 1000, exp, jti: tokenId };
  const token = await signToken(renewable === true ? { ...claims, renewable } : claims, secretsOf(c.env)[0]);
  c.set('auditMade', tokenId);
  return { token, tokenId, expiresAt: exp * 1000 };
}
