import { CLOSE } from '../../../shared/close-codes.ts';
import { MAX_UNSTORED_BYTES } from '../../../shared/limits.ts';
import type { Decoded } from '../../../shared/protocol/codec.ts';
import type { UpV1, UpV2 } from '../../../shared/protocol/up.ts';
import { decodeUpV1, decodeUpV2 } from '../../../shared/protocol/up-codec.ts';
import { type Reading, readV1, readV2, type TaskJob } from '../../domain/host-frames.ts';
import type { AttemptEnd } from '../../rpc.ts';
import { closePeer } from './closing.ts';
import type { HostParts } from './parts.ts';
import { onRegister } from './register.ts';
import type { Peer } from './sockets.ts';

/** A kept version-1 result is tried by its lane at once; by the alarm only if the object dies before. */
const END_BACKUP_MS = 30_000;

/** Task frames of a socket that are not dealt with yet, in UTF-16 units: about a byte each. */
const unstored = new WeakMap<WebSocket, number>();

/**
 * One frame of a host. Everything up to the lane happens before the first `await`: the order of frames is kept.
 * Resolves when the frame has been dealt with.
 */
export async function onFrame(parts: HostParts, ws: WebSocket, data: string | ArrayBuffer): Promise<void> {
  const peer = parts.sockets.peer(ws);
  // A host's last words before its own close count; what comes after ours does not.
  if (parts.sockets.isClosed(ws)) return;
  if (typeof data !== 'string') return closePeer(parts, peer, CLOSE.PROTOCOL, 'frames are text');
  if (parts.registering.has(ws)) return keepForLater(parts, peer, data);
  if (peer.info.epoch === 0) return ws.readyState === WebSocket.OPEN ? onRegister(parts, peer, data) : undefined;
  if (peer.info.epoch !== parts.connection.epoch()) return;
  const done = onTaskFrame(parts, peer, data);
  await Promise.all([noteLife(parts, peer), done]);
}

function keepForLater(parts: HostParts, peer: Peer, text: string): void {
  if (parts.registering.keep(peer.ws, text) > MAX_UNSTORED_BYTES) {
    closePeer(parts, peer, CLOSE.OVERLOADED, 'too much before registered');
  }
}

/** Any frame is a sign of life; SchedulerDO hears of the first one after it has asked. */
async function noteLife(parts: HostParts, { ws, info }: Peer): Promise<void> {
  parts.sockets.update(ws, { lastFrameAt: parts.clock.now(), probing: false });
  if (!info.probing) return;
  try {
    await parts.scheduler(info.pool).hostAlive({ hostId: info.hostId, epoch: info.epoch });
  } catch (error) {
    console.warn('host: a sign of life was not passed on', { hostId: info.hostId, error: String(error) });
    parts.sockets.update(ws, { probing: true });
  }
}

async function onTaskFrame(parts: HostParts, peer: Peer, text: string): Promise<void> {
  if (peer.info.protocol === 1) {
    const message = accepted(parts, peer, decodeUpV1(text));
    if (message !== null) await act(parts, peer, readV1(message, rowOf(parts, message), text.length), text.length);
    return;
  }
  const message = accepted(parts, peer, decodeUpV2(text));
  if (message !== null) await act(parts, peer, readV2(message, rowOf(parts, message), text.length), text.length);
}

function rowOf(parts: HostParts, message: UpV1 | UpV2) {
  return message.type === 'heartbeat' ? null : parts.runs.get(message.taskId);
}

/** The message of a good frame. An unknown type is from a newer gateway: no complaint. */
function accepted<T>(parts: HostParts, peer: Peer, decoded: Decoded<T>): T | null {
  if (decoded.kind === 'message') return decoded.message;
  if (decoded.kind === 'ignored') return null;
  if (!parts.sockets.peer(peer.ws).info.complained) {
    console.warn('host: malformed frame', { hostId: peer.info.hostId, reason: decoded.reason.slice(0, 500) });
    parts.sockets.update(peer.ws, { complained: true });
  }
  if (decoded.oversized) closePeer(parts, peer, CLOSE.PROTOCOL, 'frame exceeds MAX_FRAME_BYTES');
  return null;
}

async function act(parts: HostParts, { ws, info }: Peer, reading: Reading, size: number): Promise<void> {
  switch (reading.kind) {
    case 'alive':
      return;
    case 'stray':
      if (parts.strays.add(reading.taskId)) parts.sockets.send(ws, { type: 'task:abort', taskId: reading.taskId });
      if (reading.end !== null) await reportLate(parts, info, reading.taskId, reading.end);
      return;
    case 'superseded':
      parts.sockets.send(ws, { type: 'task:settled', ...reading.run, outcome: 'superseded' });
      return;
    case 'job':
      return enqueue(parts, { ws, info }, reading.job, size);
  }
}

/** Nobody waits for it any more: SchedulerDO keeps what it can use of it. */
async function reportLate(parts: HostParts, info: Peer['info'], taskId: string, end: AttemptEnd): Promise<void> {
  const { pool, hostId, epoch } = info;
  try {
    await parts.scheduler(pool).lateEnd({ hostId, epoch }, taskId, end);
  } catch (error) {
    console.warn('host: a late result was not kept', { hostId, taskId, error: String(error) });
  }
}

async function enqueue(parts: HostParts, peer: Peer, job: TaskJob, size: number): Promise<void> {
  const { ws, info } = peer;
  const waiting = (unstored.get(ws) ?? 0) + size;
  if (waiting > MAX_UNSTORED_BYTES) return closePeer(parts, peer, CLOSE.OVERLOADED, 'more than MAX_UNSTORED_BYTES');
  unstored.set(ws, waiting);
  if (job.kind === 'ended' && info.protocol === 1 && job.log !== null) {
    const due = parts.clock.now() + END_BACKUP_MS;
    parts.ends.keep({ ...job.run, log: job.log }, job.end, due);
    parts.alarm.by(due);
  }
  await parts.lanes.push(job, { ws, epoch: info.epoch, protocol: info.protocol });
  unstored.set(ws, (unstored.get(ws) ?? 0) - size);
}
