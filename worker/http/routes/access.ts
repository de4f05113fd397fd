import type { Context, Hono } from 'hono';
import {
  auditQuerySchema,
  type Enrolled,
  type Enrolment,
  enrollBodySchema,
  enrolmentBodySchema,
} from '../../../shared/api/access.ts';
import { ENROLMENT_TTL_MS } from '../../../shared/limits.ts';
import { networkOf } from '../../domain/network.ts';
import { audited } from '../audit.ts';
import { allow, authenticate, logRefusal, secretsOf } from '../auth.ts';
import { readJson } from '../body.ts';
import type { AppEnv } from '../context.ts';
import { hashOfCode, makeCode, poolOfCode } from '../enrolment-code.ts';
import { HttpError, tooMany } from '../errors.ts';
import { issueHostToken } from '../host-tokens.ts';
import { queryOf } from '../params.ts';
import { limitRate } from '../rate-limit.ts';
import { resource } from '../resource.ts';
import { retrying } from '../retry.ts';

/** `POST /api/enrolments`: a code that one machine exchanges for its host token, once and soon. */
async function openEnrolment(c: Context<AppEnv>): Promise<Response> {
  const { hostId, expiresIn } = await readJson(c.req.raw, enrolmentBodySchema, {});
  c.set('auditTarget', hostId);
  const { pool, jti = '' } = c.get('claims');
  const code = await makeCode(pool, secretsOf(c.env)[0]);
  const expiresAt = Date.now() + ENROLMENT_TTL_MS;
  const order = {
    hash: await hashOfCode(code),
    hostId: hostId ?? null,
    tokenSeconds: expiresIn,
    expiresAt,
    madeBy: jti,
  };
  if (!(await retrying(() => c.get('objects').access(pool).openEnrolment(order)))) {
    const message = 'too many enrolment codes are open; those unused expire within ten minutes';
    throw tooMany('rate_limited', 'MAX_OPEN_ENROLMENTS', message, ENROLMENT_TTL_MS);
  }
  const body: Enrolment = { code, expiresAt };
  return Response.json(body, { status: 201 });
}

/** `POST /api/enroll`: the code against a host token. */
async function enroll(c: Context<AppEnv>): Promise<Response> {
  await limitRate(c, 'MAX_ENROLMENTS_PER_MINUTE', networkOf(c.get('ip')), 'enrolments from this address');
  const secrets = secretsOf(c.env);
  const { code, hostId: wanted, suggestedHostId } = await readJson(c.req.raw, enrollBodySchema);
  const pool = await poolOfCode(code, secrets);
  if (pool === null) throw badCode(c);
  const hash = await hashOfCode(code);
  const access = () => c.get('objects').access(pool);
  const enrolment = await retrying(() => access().enrolment(hash));
  const hostId = enrolment?.hostId ?? wanted ?? suggestedHostId;
  c.set('actor', { pool, sub: hostId ?? 'unknown', role: 'enrolment' });
  c.set('auditTarget', hostId);
  if (enrolment === null || (wanted !== undefined && wanted !== hostId)) throw badCode(c);
  if (hostId === undefined) throw new HttpError('invalid_request', '"hostId" is required: the code names none');
  // Else whoever has a code for any machine could take another one's place.
  const isFree = async () => (await retrying(() => c.get('objects').scheduler(pool).getHost(hostId))) === null;
  if (enrolment.hostId === null && !(await isFree())) throw taken();
  const token = await issueHostToken(c, { pool, hostId, seconds: enrolment.tokenSeconds, renewable: true });
  const redeemed = await retrying(() => access().redeem(hash, hostId, token.expiresAt, c.get('requestId')));
  if (redeemed.kind === 'unknown') throw badCode(c);
  if (redeemed.kind === 'taken') throw taken();
  const body: Enrolled = { ...token, hostId, pool };
  return Response.json(body, { status: 201 });
}

function taken(): HttpError {
  return new HttpError('host_exists', 'somebody has this "hostId" already; ask for a code that names it');
}

function badCode(c: Context<AppEnv>): HttpError {
  logRefusal(c, 401, 'no open enrolment code');
  return new HttpError('unauthorized', '"code" is not an open enrolment code of this server for this host');
}

/** `GET /api/audit`: newest first. */
async function readAudit(c: Context<AppEnv>): Promise<Response> {
  const query = queryOf(c, auditQuerySchema);
  return Response.json(await retrying(() => c.get('objects').access(c.get('claims').pool).audit(query)));
}

/** Enrolment of hosts, and the record of who did what. */
export function accessRoutes(app: Hono<AppEnv>): void {
  const admin = allow('admin');
  resource(app, '/api/enrolments', { POST: [authenticate, audited('enrolment.create'), admin, openEnrolment] });
  resource(app, '/api/enroll', { POST: [audited('enrolment.redeem'), enroll] });
  resource(app, '/api/audit', { GET: [authenticate, admin, readAudit] });
}
