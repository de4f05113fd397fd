import { ERROR_STATUS, type ErrorBody, type ErrorCode } from '../../../shared/errors.ts';
import { REGISTER_TIMEOUT_MS } from '../../domain/host-deadlines.ts';
import { newcomerMustWait } from '../../domain/host-replacement.ts';
import { networkOf } from '../../domain/network.ts';
import { withDeadline } from '../../with-deadline.ts';
import { freshAttachment, type Handshake, readHandshake } from './handshake.ts';
import type { HostParts } from './parts.ts';

/** Hosts at an address come and go: how long one too many should wait, ms. */
const TOO_MANY_HOSTS_WAIT_MS = 30_000;
const NOT_READY_WAIT_MS = 1_000;
/** Connections of one host that have not registered; more than a reconnect in a hurry needs. */
const MAX_UNREGISTERED = 8;

function refusal(code: ErrorCode, message: string): Response {
  const body: ErrorBody = { error: { code, message } };
  return Response.json(body, { status: ERROR_STATUS[code] });
}

/** 429, or 503 without a limit: names it, and says when to come again. */
function later(code: ErrorCode, limit: string | null, message: string, waitMs: number): Response {
  const headers = { 'retry-after': String(Math.max(1, Math.ceil(waitMs / 1000))) };
  const named = limit === null ? { message } : { message: `${message} (${limit})`, details: { limit } };
  const body: ErrorBody = { error: { code, ...named } };
  return Response.json(body, { status: ERROR_STATUS[code], headers });
}

/** Rule 5: is another daemon under the same id in a fight with this one? */
function fightWait(parts: HostParts, now: number): number | null {
  const peer = parts.sockets.of(parts.connection.epoch());
  const answers = peer !== null && now - parts.sockets.lastSeen(peer) < parts.settings.HEARTBEAT_TIMEOUT_MS;
  return newcomerMustWait(parts.connection.get()?.replacedAt ?? [], answers, now);
}

async function refuse(parts: HostParts, handshake: Handshake): Promise<Response | null> {
  const now = parts.clock.now();
  if (handshake.tokenIssued <= parts.connection.revokedAt()) return refusal('unauthorized', 'the token is revoked');
  if (handshake.tokenExpires <= now) return refusal('unauthorized', 'the token has expired');
  const wait = fightWait(parts, now);
  if (wait !== null) {
    const message = 'another connection of this host is alive and keeps being replaced';
    return later('too_many_replacements', 'MAX_REPLACEMENTS', message, wait);
  }
  if (parts.sockets.open().filter(({ info }) => !info.registered).length >= MAX_UNREGISTERED) {
    const message = 'too many connections of this host have not registered';
    return later('rate_limited', 'MAX_UNREGISTERED', message, REGISTER_TIMEOUT_MS);
  }
  try {
    const { pool, hostId, ip } = handshake;
    if (await withDeadline(() => parts.scheduler(pool).mayConnect(hostId, networkOf(ip)))) return null;
    const message = 'too many hosts are connected from this address';
    return later('too_many_hosts', 'MAX_HOSTS_PER_IP', message, TOO_MANY_HOSTS_WAIT_MS);
  } catch (error) {
    console.error('host: the scheduler does not answer', { hostId: handshake.hostId, error: String(error) });
    return later('not_ready', null, 'the server is not ready', NOT_READY_WAIT_MS);
  }
}

/** `/agent/ws`, its token verified by the Worker: a socket, or why not, before the upgrade. */
export async function upgrade(parts: HostParts, request: Request): Promise<Response> {
  if (request.headers.get('Upgrade')?.toLowerCase() !== 'websocket') {
    return refusal('upgrade_required', 'connect with a WebSocket');
  }
  const handshake = readHandshake(request.headers);
  const refused = await refuse(parts, handshake);
  if (refused !== null) return refused;
  // Revoked while the scheduler was asked?
  if (handshake.tokenIssued <= parts.connection.revokedAt()) return refusal('unauthorized', 'the token is revoked');
  const { 0: client, 1: server } = new WebSocketPair();
  const now = parts.clock.now();
  parts.sockets.accept(server, freshAttachment(handshake, now));
  parts.alarm.by(Math.min(now + REGISTER_TIMEOUT_MS, handshake.tokenExpires));
  return new Response(null, { status: 101, webSocket: client });
}
