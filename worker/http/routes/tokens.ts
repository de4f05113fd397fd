import type { Context, Hono } from 'hono';
import { type HostToken, hostTokenBodySchema } from '../../../shared/api/hosts.ts';
import { allow, authenticate, secretsOf } from '../auth.ts';
import { readJson } from '../body.ts';
import type { AppEnv } from '../context.ts';
import { hostIdParam } from '../params.ts';
import { resource } from '../resource.ts';
import { retrying } from '../retry.ts';
import { signToken } from '../token.ts';

/** `POST /api/hosts/:id/tokens`: a token for this one host, which need not have connected yet. */
async function create(c: Context<AppEnv>): Promise<Response> {
  const hostId = hostIdParam(c);
  const { expiresIn } = await readJson(c.req.raw, hostTokenBodySchema, {});
  const { pool } = c.get('claims');
  const revokedAt = await retrying(() => c.get('objects').host(pool, hostId).revokedAt());
  // Later than the last revocation even within its millisecond: `iat` may have a fraction.
  const issuedAt = Math.max(Date.now(), revokedAt + 1);
  const exp = Math.ceil(issuedAt / 1000) + expiresIn;
  const claims = { sub: hostId, role: 'host' as const, pool, iat: issuedAt / 1000, exp, jti: crypto.randomUUID() };
  const body: HostToken = { token: await signToken(claims, secretsOf(c.env)[0]), expiresAt: exp * 1000 };
  return Response.json(body, { status: 201 });
}

/** `DELETE /api/hosts/:id/tokens`: all made so far are refused from here on, and the host's socket is closed. */
async function revoke(c: Context<AppEnv>): Promise<Response> {
  const hostId = hostIdParam(c);
  await retrying(() => c.get('objects').host(c.get('claims').pool, hostId).revokeTokens());
  return new Response(null, { status: 204 });
}

export function tokenRoutes(app: Hono<AppEnv>): void {
  const mayManage = [authenticate, allow('admin')];
  resource(app, '/api/hosts/:id/tokens', { POST: [...mayManage, create], DELETE: [...mayManage, revoke] });
}
