import { CLOSE } from '../../../shared/close-codes.ts';
import { type DeadlineKind, look, nextLook, type SocketTimes, type Timing } from '../../domain/host-deadlines.ts';
import { closePeer, LOSS_RETRY_MS, reportLoss } from './closing.ts';
import type { HostParts } from './parts.ts';
import { renewToken } from './renewal.ts';
import type { Peer } from './sockets.ts';

/** A kept result whose task's lane is busy: look again, ms. */
const BUSY_END_MS = 5_000;

const CLOSES = {
  expired: { code: CLOSE.UNAUTHENTICATED, reason: 'token expired' },
  unregistered: { code: CLOSE.PROTOCOL, reason: 'no register in time' },
  silent: { code: CLOSE.SILENT, reason: 'no sign of life' },
} as const;

function timing({ settings }: HostParts): Timing {
  return { heartbeatInterval: settings.HEARTBEAT_INTERVAL_MS, heartbeatTimeout: settings.HEARTBEAT_TIMEOUT_MS };
}

function timesOf(parts: HostParts, peer: Peer): SocketTimes {
  return { ...peer.info, lastSeen: parts.sockets.lastSeen(peer) };
}

/** The one alarm: pings, silence, tokens' ends and renewals, connections that never register, kept results, a loss not yet reported. */
export async function onAlarm(parts: HostParts): Promise<void> {
  parts.alarm.fired();
  try {
    const now = parts.clock.now();
    for (const peer of parts.sockets.open()) await watch(parts, peer, now);
    resumeEnds(parts, now);
    await reportLoss(parts);
  } finally {
    const next = nextAlarm(parts);
    if (next !== null) parts.alarm.by(next);
  }
}

async function watch(parts: HostParts, peer: Peer, now: number): Promise<void> {
  const { due, graceUntil } = look(timesOf(parts, peer), timing(parts), now);
  if (graceUntil !== null) parts.sockets.update(peer.ws, { graceUntil });
  for (const kind of due) await act(parts, peer, kind, now);
}

async function act(parts: HostParts, peer: Peer, kind: DeadlineKind, now: number): Promise<void> {
  if (kind === 'renew') return renewToken(parts, peer);
  if (kind === 'ping') {
    if (parts.sockets.send(peer.ws, { type: 'ping' })) parts.sockets.update(peer.ws, { lastPing: now });
    return;
  }
  const { code, reason } = CLOSES[kind];
  closePeer(parts, peer, code, reason);
}

/** Version-1 results that their lane could not settle, or that outlived a restart. */
function resumeEnds(parts: HostParts, now: number): void {
  const epoch = parts.connection.epoch();
  for (const { taskId, attempt, log, end } of parts.ends.due(now)) {
    const run = { taskId, attempt };
    parts.ends.defer(run, now + BUSY_END_MS);
    if (parts.lanes.ending(run)) continue;
    void parts.lanes.push({ kind: 'ended', run, log, seq: null, end }, { ws: null, epoch, protocol: 1 });
  }
}

function nextAlarm(parts: HostParts): number | null {
  const times = parts.sockets.open().map((peer) => nextLook(timesOf(parts, peer), timing(parts)));
  const end = parts.ends.nextDue();
  if (end !== null) times.push(end);
  if (parts.connection.get()?.state === 'lost') times.push(parts.clock.now() + LOSS_RETRY_MS);
  return times.length === 0 ? null : Math.min(...times);
}
