import type { Context, Hono } from 'hono';
import { hostIdSchema } from '../../../shared/ids.ts';
import { networkOf } from '../../domain/network.ts';
import { HOST_HEADERS } from '../../rpc.ts';
import { audited } from '../audit.ts';
import { authenticate, forbid, logRefusal } from '../auth.ts';
import type { AppEnv } from '../context.ts';
import { HttpError } from '../errors.ts';
import { limitRate } from '../rate-limit.ts';
import { resource } from '../resource.ts';
import { isUpgrade } from '../upgrade.ts';
import { validate } from '../validate.ts';

/** `GET /agent/ws?hostId=`: judged here before the upgrade; revocation, addresses and replacements are judged by HostDO. */
async function connect(c: Context<AppEnv>): Promise<Response> {
  const claims = c.get('claims');
  c.set('auditTarget', c.req.query('hostId'));
  if (claims.role !== 'host') forbid(c, 'only a host token may connect as a host');
  const hostId = validate(hostIdSchema, c.req.query('hostId'), 'hostId');
  if (hostId !== claims.sub) forbid(c, '"hostId" is not the one that the token is for');
  if (!isUpgrade(c.req.raw)) {
    throw new HttpError('upgrade_required', 'connect with a WebSocket', { headers: { upgrade: 'websocket' } });
  }
  await limitRate(c, 'MAX_CONNECTS_PER_MINUTE', `token/${claims.pool}/${hostId}`, 'connections with this token');
  await limitRate(
    c,
    'MAX_CONNECTS_PER_MINUTE',
    `${claims.pool}/${networkOf(c.get('ip'))}`,
    'connections from this address',
  );
  const headers = new Headers(c.req.raw.headers);
  headers.delete('authorization');
  headers.delete('sec-websocket-protocol');
  headers.set(HOST_HEADERS.POOL, claims.pool);
  headers.set(HOST_HEADERS.HOST, hostId);
  headers.set(HOST_HEADERS.ISSUED_AT, String(claims.iat));
  headers.set(HOST_HEADERS.EXPIRES_AT, String(claims.exp));
  headers.set(HOST_HEADERS.IP, c.get('ip'));
  headers.set(HOST_HEADERS.RENEWABLE, String(claims.renewable === true));
  headers.set(HOST_HEADERS.TOKEN_ID, encodeURIComponent(claims.jti ?? ''));
  const response = await c.get('objects').host(claims.pool, hostId).fetch(new Request(c.req.url, { headers }));
  if (response.status === 101) return response;
  if (response.status === 401) logRefusal(c, 401, 'revoked or expired');
  // A copy: the headers of an object's own answer cannot be added to.
  return new Response(response.body, response);
}

export function agentSocketRoutes(app: Hono<AppEnv>): void {
  resource(app, '/agent/ws', { GET: [authenticate, audited('host.connect'), connect] });
}
