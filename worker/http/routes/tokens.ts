import type { Context, Hono } from 'hono';
import { hostTokenBodySchema } from '../../../shared/api/access.ts';
import { nameSchema } from '../../../shared/task.ts';
import { audited } from '../audit.ts';
import { allow, authenticate } from '../auth.ts';
import { readJson } from '../body.ts';
import type { AppEnv } from '../context.ts';
import { HttpError, notReady } from '../errors.ts';
import { issueHostToken } from '../host-tokens.ts';
import { hostIdParam } from '../params.ts';
import { resource } from '../resource.ts';
import { retrying } from '../retry.ts';
import { validate } from '../validate.ts';

/** Hosts told of a revocation at once. */
const TELL_AT_ONCE = 50;

/** `POST /api/hosts/:id/tokens`: a token for this one host. */
async function create(c: Context<AppEnv>): Promise<Response> {
  const hostId = hostIdParam(c);
  const { expiresIn } = await readJson(c.req.raw, hostTokenBodySchema, {});
  const { pool } = c.get('claims');
  const token = await issueHostToken(c, { pool, hostId, seconds: expiresIn });
  await retrying(() => c.get('objects').access(pool).noteHost(hostId, token.expiresAt));
  return Response.json(token, { status: 201 });
}

/** `DELETE /api/hosts/:id/tokens`: all made so far are refused from here on, open codes for it too, and the host's socket is closed. */
async function revokeAll(c: Context<AppEnv>): Promise<Response> {
  const hostId = hostIdParam(c);
  const { pool } = c.get('claims');
  await retrying(() => c.get('objects').access(pool).forgetHost(hostId));
  await retrying(() => c.get('objects').host(pool, hostId).revokeTokens());
  return new Response(null, { status: 204 });
}

/** `DELETE /api/tokens/:tokenId`: this one is refused from here on, and what it holds open is closed. */
async function revokeOne(c: Context<AppEnv>): Promise<Response> {
  const tokenId = validate(nameSchema, c.req.param('tokenId'), 'tokenId');
  const { pool, sub, jti } = c.get('claims');
  const objects = c.get('objects');
  if (!(await retrying(() => objects.access(pool).revoke(tokenId, jti ?? sub)))) {
    throw new HttpError('limit_exceeded', 'this token has revoked too many one by one; rotate the secret', {
      details: { limit: 'MAX_REVOKED_TOKENS' },
    });
  }
  c.get('revocations').add(pool, tokenId);
  // One that registers from here on asks by itself; one of an offline host may have connected and not registered yet.
  const hosts = await retrying(() => objects.scheduler(pool).listHosts());
  let untold: unknown = null;
  for (let start = 0; start < hosts.length; start += TELL_AT_ONCE) {
    const some = hosts.slice(start, start + TELL_AT_ONCE);
    const told = await Promise.allSettled(
      some.map(({ hostId }) => retrying(() => objects.host(pool, hostId).revokeToken(tokenId))),
    );
    untold = told.find(({ status }) => status === 'rejected') ?? untold;
  }
  if (untold !== null) throw notReady('the token is revoked, but not every host could be told; try again');
  return new Response(null, { status: 204 });
}

/** Tokens: made for hosts, and revoked. */
export function tokenRoutes(app: Hono<AppEnv>): void {
  const admin = allow('admin');
  resource(app, '/api/hosts/:id/tokens', {
    POST: [authenticate, audited('host-tokens.create'), admin, create],
    DELETE: [authenticate, audited('host-tokens.revoke'), admin, revokeAll],
  });
  resource(app, '/api/tokens/:tokenId', { DELETE: [authenticate, audited('token.revoke'), admin, revokeOne] });
}
