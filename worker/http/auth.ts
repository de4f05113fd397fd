import type { Context, MiddlewareHandler } from 'hono';
import type { Claims, Role } from '../../shared/token.ts';
import { networkOf } from '../domain/network.ts';
import type { Env } from '../env.ts';
import { usableSecrets } from '../secrets.ts';
import { type Verified, verifyToken } from '../token.ts';
import type { AppEnv } from './context.ts';
import { HttpError, notReady } from './errors.ts';
import { limitRate } from './rate-limit.ts';
import { tokenOfProtocols } from './upgrade.ts';

/** Longest host id; a longer one is no id, and a log line has its bounds. */
const MAX_SHOWN_ID = 64;
/** Characters of a path in a log line; every route is shorter. */
const MAX_SHOWN_PATH = 200;
const BEARER = /^Bearer +([^\s]+) *$/i;

/** The secrets that verify tokens, the signing one first. Throws `not_ready` when there is none that may sign. */
export function secretsOf(env: Env): [string, ...string[]] {
  const [secret, ...previous] = usableSecrets(env);
  if (secret === undefined) throw notReady('the server has no usable JWT_SECRET; set one of at least 32 bytes');
  return [secret, ...previous];
}

/** Logs who was refused what and why, and never the token. */
export function logRefusal(c: Context<AppEnv>, status: 401 | 403, reason: string): void {
  const claims: Claims | undefined = c.get('claims');
  const who = claims === undefined ? {} : { sub: claims.sub, role: claims.role, pool: claims.pool };
  const hostId = c.req.query('hostId')?.slice(0, MAX_SHOWN_ID);
  const ip = c.get('ip');
  const request = { ip, path: c.req.path.slice(0, MAX_SHOWN_PATH), requestId: c.get('requestId'), hostId };
  // A known caller has a share of its own, which nobody else behind its address can use up.
  const caller = claims === undefined ? networkOf(ip) : tokenKey(claims);
  c.get('refusalLog').write(caller, { status, reason, ...request, ...who }, Date.now());
}

async function judge(c: Context<AppEnv>): Promise<Verified> {
  const secrets = secretsOf(c.env);
  const { raw } = c.req;
  const authorization = c.req.header('authorization');
  const token = authorization === undefined ? tokenOfProtocols(raw) : BEARER.exec(authorization)?.[1];
  if (token === undefined) return { kind: 'refused', reason: 'no bearer token' };
  const verified = await verifyToken(token, secrets, Date.now());
  if (verified.kind === 'refused' || !(await isRevoked(c, verified.claims))) return verified;
  return { kind: 'refused', reason: 'revoked' };
}

/** Whether this token was revoked by its id; host tokens as a whole are judged by HostDO. */
export async function isRevoked(c: Context<AppEnv>, { jti, pool }: Claims): Promise<boolean> {
  if (jti === undefined) return false;
  return await c.get('revocations').isRevoked(c.get('objects').access, pool, jti);
}

/** Verifies the bearer token before any object is touched, then whether it is revoked; leaves its claims, and counts the call against the token. */
export const authenticate: MiddlewareHandler<AppEnv> = async (c, next) => {
  const verified = await judge(c);
  if (verified.kind === 'refused') {
    logRefusal(c, 401, verified.reason);
    throw new HttpError('unauthorized', `a valid bearer token is required: ${verified.reason}`, {
      headers: { 'www-authenticate': 'Bearer' },
    });
  }
  const { claims } = verified;
  const { pool, sub, role, jti } = claims;
  c.set('claims', claims);
  c.set('actor', { pool, sub, role, ...(jti === undefined ? {} : { tokenId: jti }) });
  await limitRate(c, 'MAX_CALLS_PER_MINUTE', tokenKey(claims), 'calls with this token');
  await next();
};

/** Throws 403 and logs it, once. */
export function forbid(c: Context<AppEnv>, reason: string): never {
  logRefusal(c, 403, reason);
  throw new HttpError('forbidden', reason);
}

/** Lets only these roles through; stands behind `authenticate`. */
export function allow(...roles: Role[]): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const { role } = c.get('claims');
    if (!roles.includes(role)) forbid(c, `a ${role} token may not do this`);
    await next();
  };
}

/** What is counted as one token: another role's may have the same `sub`, and one of many tokens of a `sub` may run wild. */
export function tokenKey({ pool, role, sub, jti }: Pick<Claims, 'pool' | 'sub' | 'jti'> & { role: string }): string {
  return JSON.stringify([pool, role, sub, jti]);
}
