import { CLOSE } from '../../../shared/close-codes.ts';
import { TOKEN_RENEWAL } from '../../../shared/features.ts';
import type { Register, RegisterV2 } from '../../../shared/protocol/register.ts';
import type { Registered } from '../../../shared/protocol/registered.ts';
import { decodeRegister } from '../../../shared/protocol/up-codec.ts';
import { renewalOf } from '../../domain/host-deadlines.ts';
import { networkOf } from '../../domain/network.ts';
import type { RegisterReply } from '../../rpc.ts';
import { withDeadline } from '../../with-deadline.ts';
import { callUntil } from './calls.ts';
import { closePeer } from './closing.ts';
import { stopForgotten } from './commands.ts';
import { onFrame } from './on-frame.ts';
import type { HostParts } from './parts.ts';
import type { Peer } from './sockets.ts';

/** A host that cannot be registered is better off with its own backoff than with ours. */
const REGISTER_TRIES = 4;
/** Logs asked at once for what they hold of a returning host's runs. */
const ASK_AT_ONCE = 32;

type Accepted = Extract<RegisterReply, { kind: 'ok' }>;

function isV2(message: Register): message is RegisterV2 {
  return 'protocol' in message;
}

/** The first frame of a connection. */
export async function onRegister(parts: HostParts, peer: Peer, text: string): Promise<void> {
  const decoded = decodeRegister(text);
  if (decoded.kind === 'ignored') return closePeer(parts, peer, CLOSE.PROTOCOL, 'register first');
  if (decoded.kind === 'bad') return refuse(parts, peer, decoded.reason);
  const { message } = decoded;
  if (message.hostId !== peer.info.hostId) {
    return refuse(parts, peer, `"hostId" is ${message.hostId}, but this connection is for ${peer.info.hostId}`);
  }
  parts.registering.begin(peer.ws);
  try {
    // Before it takes the place of another connection of this host.
    if (!(await isRevoked(parts, peer.ws)) && peer.ws.readyState === WebSocket.OPEN)
      await register(parts, peer.ws, message, takeOver(parts, parts.sockets.peer(peer.ws), message));
  } catch (error) {
    console.error('host: registration failed', { hostId: message.hostId, error: String(error) });
    closePeer(parts, parts.sockets.peer(peer.ws), CLOSE.OVERLOADED, 'try again later');
  }
  const frames = parts.registering.end(peer.ws);
  await Promise.all(frames.map((frame) => onFrame(parts, peer.ws, frame)));
}

function refuse(parts: HostParts, peer: Peer, reason: string): void {
  console.warn('host: registration refused', { hostId: peer.info.hostId, reason: reason.slice(0, 500) });
  parts.sockets.send(peer.ws, { type: 'registered', ok: false, error: reason.slice(0, 500) });
  closePeer(parts, peer, CLOSE.PROTOCOL, 'bad register');
}

/** From here on this connection is the host's, and an older one is not. */
function takeOver(parts: HostParts, { ws, info }: Peer, message: Register): number {
  const now = parts.clock.now();
  const older = parts.sockets.open().filter((peer) => peer.ws !== ws && peer.info.epoch > 0);
  const epoch = parts.connection.open(info.pool, info.hostId, older.length > 0, now);
  for (const peer of older) closePeer(parts, peer, CLOSE.REPLACED, 'another connection of this host took over');
  parts.sockets.update(ws, { epoch, protocol: isV2(message) ? 2 : 1, lastFrameAt: now });
  return epoch;
}

function isCurrent(parts: HostParts, ws: WebSocket, epoch: number): boolean {
  return ws.readyState === WebSocket.OPEN && parts.connection.epoch() === epoch;
}

async function register(parts: HostParts, ws: WebSocket, message: Register, epoch: number): Promise<void> {
  const reply = await announce(parts, ws, message, epoch);
  if (reply.kind === 'ok') announced(parts, epoch);
  if (!isCurrent(parts, ws, epoch)) return;
  if (reply.kind === 'stale') {
    closePeer(parts, parts.sockets.peer(ws), CLOSE.REPLACED, 'a newer connection of this host has registered');
    return;
  }
  if (await isRevoked(parts, ws)) return;
  const forgotten = parts.runs.reconcile(reply.assigned, epoch);
  parts.strays.clear();
  const answer: Registered = isV2(message) ? await answerV2(parts, reply) : { type: 'registered', ok: true };
  if (!isCurrent(parts, ws, epoch)) return;
  sendRegistered(parts, ws, message, answer, reply);
  if (!isV2(message)) stopForgotten(parts, parts.sockets.peer(ws), forgotten);
  for (const frame of parts.registering.takeHeld(ws)) parts.sockets.send(ws, frame);
}

/**
 * Whether the token was revoked by its id since the upgrade; the connection is closed then. Asked once more when SchedulerDO knows the host:
 * whoever revokes later tells all that it knows.
 */
async function isRevoked(parts: HostParts, ws: WebSocket): Promise<boolean> {
  const { pool, tokenId } = parts.sockets.peer(ws).info;
  if (tokenId === '' || !(await withDeadline(() => parts.access(pool).isRevoked(tokenId)))) return false;
  closePeer(parts, parts.sockets.peer(ws), CLOSE.UNAUTHENTICATED, 'token revoked');
  return true;
}

/** A connection that was lost before SchedulerDO had heard of it must be reported lost after that. */
function announced(parts: HostParts, epoch: number): void {
  parts.connection.announce(epoch);
  if (parts.connection.get()?.state === 'lost') parts.alarm.by(parts.clock.now());
}

function announce(parts: HostParts, ws: WebSocket, message: Register, epoch: number): Promise<RegisterReply> {
  const { info } = parts.sockets.peer(ws);
  const registration = {
    hostId: info.hostId,
    epoch,
    capabilities: message.capabilities,
    protocol: info.protocol,
    features: isV2(message) ? message.features : [],
    withoutInput: isV2(message) ? message.withoutInput : [],
    instance: isV2(message) ? message.instance : undefined,
    ip: networkOf(info.ip),
    connectedAt: info.connectedAt,
    runs: isV2(message) ? message.runs : null,
  };
  return callUntil(
    () => parts.scheduler(info.pool).hostRegistered(registration),
    (tries) => tries < REGISTER_TRIES && isCurrent(parts, ws, epoch),
    parts.clock,
  );
}

async function answerV2(parts: HostParts, reply: Accepted): Promise<Registered> {
  const { HEARTBEAT_INTERVAL_MS, HEARTBEAT_TIMEOUT_MS } = parts.settings;
  const runs = [];
  for (let start = 0; start < reply.verdicts.length; start += ASK_AT_ONCE) {
    const page = reply.verdicts.slice(start, start + ASK_AT_ONCE);
    runs.push(...(await Promise.all(page.map((verdict) => withAckedSeq(parts, verdict)))));
  }
  const settings = { heartbeatInterval: HEARTBEAT_INTERVAL_MS, heartbeatTimeout: HEARTBEAT_TIMEOUT_MS };
  return { type: 'registered', ok: true, protocol: 2, settings, runs };
}

async function withAckedSeq(parts: HostParts, { taskId, attempt, verdict, log }: Accepted['verdicts'][number]) {
  if (log === null || verdict === 'settled') return { taskId, attempt, verdict, ackedSeq: 0 };
  const ackedSeq = await withDeadline(() => parts.log(log).ackedSeq({ taskId, attempt }));
  return { taskId, attempt, verdict, ackedSeq };
}

function sendRegistered(
  parts: HostParts,
  ws: WebSocket,
  message: Register,
  answer: Registered,
  { config }: Accepted,
): void {
  const now = parts.clock.now();
  // A version-1 gateway must never see the runtime's answer, whatever it sends.
  parts.answerHeartbeats(isV2(message));
  const { tokenIssued, tokenExpires, renewable } = parts.sockets.peer(ws).info;
  const renews = renewable && isV2(message) && message.features.includes(TOKEN_RENEWAL);
  const renewAt = renews ? renewalOf(tokenIssued, tokenExpires) : 0;
  parts.sockets.update(ws, { registered: true, lastFrameAt: now, lastPing: now, renewAt });
  parts.sockets.send(ws, answer);
  if (config !== null) parts.sockets.send(ws, { type: 'config:update', config });
  const { HEARTBEAT_INTERVAL_MS, HEARTBEAT_TIMEOUT_MS } = parts.settings;
  const nextSign = now + (isV2(message) ? HEARTBEAT_TIMEOUT_MS : HEARTBEAT_INTERVAL_MS);
  parts.alarm.by(renews ? Math.min(renewAt, nextSign) : nextSign);
}
