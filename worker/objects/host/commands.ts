import { CLOSE } from '../../../shared/close-codes.ts';
import type { GatewayConfig } from '../../../shared/host.ts';
import { encodeFrame } from '../../../shared/protocol/codec.ts';
import type { Down } from '../../../shared/protocol/down.ts';
import type { RunRef } from '../../../shared/protocol/run-ref.ts';
import { type TaskRequest, taskRequestSchema } from '../../../shared/task.ts';
import type { AgentSignal, ExecuteOrder, ExecuteReply, SendReply } from '../../rpc.ts';
import type { RunRow } from '../../store/host-runs-store.ts';
import { closePeer } from './closing.ts';
import type { HostParts } from './parts.ts';
import type { Peer } from './sockets.ts';

/** SchedulerDO's calls. They record and send: no lock, no call to another object (rule 8). */

function current(parts: HostParts): Peer | null {
  return parts.sockets.of(parts.connection.epoch());
}

/** Until `registered` is out, nothing may overtake it. Throws a `RangeError` for an oversized frame. */
function send(parts: HostParts, { ws, info }: Peer, frame: Down, run: RunRef | null = null): boolean {
  if (info.registered) return parts.sockets.send(ws, frame);
  encodeFrame(frame);
  return parts.registering.hold(ws, frame, run);
}

/** Version 1 has no attempt numbers. */
function attemptOf({ info }: Peer, run: RunRef): { attempt?: number } {
  return info.protocol === 2 ? { attempt: run.attempt } : {};
}

export function execute(parts: HostParts, order: ExecuteOrder): ExecuteReply {
  const peer = current(parts);
  const { taskId, attempt } = order;
  const row = parts.runs.get(taskId);
  // A repeat, whose first call may have been sent: what its connection was worth shows when the host registers.
  if (peer === null || peer.info.epoch > order.epoch) return row?.attempt === attempt ? 'already_sent' : 'offline';
  const { epoch } = peer.info;
  if (row !== null && wasSent(peer, row, attempt)) {
    parts.runs.adopt(order, epoch);
    return 'already_sent';
  }
  const task = taskRequestSchema.safeParse(order.task);
  if (!task.success) return 'unsendable';
  // An earlier attempt may still be running there, or its frame wait for `registered`.
  if (row !== null && row.attempt < attempt) release(parts, row);
  parts.runs.put(order, epoch);
  const reply = sendExecute(parts, peer, order, task.data);
  if (reply !== 'sent') parts.runs.forget(taskId);
  return reply;
}

function sendExecute(parts: HostParts, peer: Peer, run: RunRef, task: TaskRequest): 'sent' | 'offline' | 'unsendable' {
  const { taskId, attempt } = run;
  try {
    const frame: Down = { type: 'task:execute', ...attemptOf(peer, run), task };
    return send(parts, peer, frame, { taskId, attempt }) ? 'sent' : 'offline';
  } catch (error) {
    if (error instanceof RangeError) return 'unsendable';
    throw error;
  }
}

/**
 * One socket gets an attempt once. What a version-2 host has from an earlier connection it names in `register`, so that it is
 * not ordered again; a version-1 host says nothing, and what was sent to it counts as sent.
 */
function wasSent({ info }: Peer, row: RunRow, attempt: number): boolean {
  if (row.attempt !== attempt) return row.attempt > attempt;
  return row.epoch === info.epoch || info.protocol === 1;
}

export function abort(parts: HostParts, run: RunRef): SendReply {
  const peer = current(parts);
  if (peer === null) return 'offline';
  const row = parts.runs.get(run.taskId);
  const { epoch, protocol } = peer.info;
  // Version 1 would end whatever it runs of this task, also a later attempt.
  if (protocol === 1 && row !== null && row.attempt !== run.attempt) return 'already_sent';
  if (row?.attempt === run.attempt && row.abortedEpoch === epoch) return 'already_sent';
  if (!send(parts, peer, { type: 'task:abort', taskId: run.taskId, ...attemptOf(peer, run) })) return 'offline';
  parts.runs.aborted(run, epoch);
  return 'sent';
}

/** With a `signal` there is no content. */
export function input(
  parts: HostParts,
  run: RunRef,
  inputId: string,
  content: string,
  signal?: AgentSignal,
): SendReply {
  const peer = current(parts);
  if (peer === null) return 'offline';
  const { taskId } = run;
  // The attempt is over here: nobody is left to read it.
  if (parts.runs.held(run) === null) return 'already_sent';
  const { epoch, protocol } = peer.info;
  const sentOn = parts.runs.inputEpoch(taskId, inputId);
  // Version 1 cannot tell a repeat from a second input; version 2 knows it by its id.
  if (sentOn === epoch || (sentOn > 0 && protocol === 1)) return 'already_sent';
  // It asks nothing and is never interactive.
  if (protocol === 1 && signal !== undefined) return 'already_sent';
  if (!send(parts, peer, inputFrame(peer, run, inputId, signal ?? { content }))) return 'offline';
  parts.runs.inputSent(taskId, inputId, epoch);
  return 'sent';
}

function inputFrame(peer: Peer, run: RunRef, inputId: string, word: AgentSignal | { content: string }): Down {
  const { taskId, attempt } = run;
  if (word === 'finish') return { type: 'task:finish', taskId, attempt, inputId };
  if ('approvalId' in word) return { type: 'approval:decided', taskId, attempt, inputId, ...word };
  return { type: 'task:input', taskId, ...word, ...(peer.info.protocol === 2 ? { attempt, inputId } : {}) };
}

/**
 * The run is over for this host: one that it may still be at is told to stop. While it is away the row stays, so that the
 * next registration finds it given up (`stopForgotten`).
 */
export function release(parts: HostParts, run: RunRef): void {
  if (parts.runs.held(run) === null) return;
  if (parts.registering.release(run) || abort(parts, run) !== 'offline') parts.runs.remove(run);
}

/** Version 1 names no runs and gets no verdicts: it is told of each run that was given up while it was away. */
export function stopForgotten(parts: HostParts, { ws }: Peer, forgotten: readonly RunRef[]): void {
  for (const { taskId } of forgotten) {
    if (parts.runs.get(taskId) === null && parts.strays.add(taskId))
      parts.sockets.send(ws, { type: 'task:abort', taskId });
  }
}

export function configure(parts: HostParts, config: Partial<GatewayConfig>): void {
  const peer = current(parts);
  if (peer !== null) send(parts, peer, { type: 'config:update', config });
}

export function probe(parts: HostParts): void {
  const peer = current(parts);
  if (peer === null || !peer.info.registered) return;
  parts.sockets.update(peer.ws, { probing: true });
  parts.sockets.send(peer.ws, { type: 'ping' });
}

export function drop(parts: HostParts, epoch: number): void {
  const peer = parts.sockets.of(epoch);
  if (peer !== null && epoch === parts.connection.epoch()) closePeer(parts, peer, CLOSE.SILENT, 'no sign of life');
}

export function revokeTokens(parts: HostParts): void {
  parts.connection.revoke(parts.clock.now());
  for (const peer of parts.sockets.open()) closePeer(parts, peer, CLOSE.UNAUTHENTICATED, 'token revoked');
}

export function revokeToken(parts: HostParts, tokenId: string): void {
  const opened = parts.sockets.open().filter(({ info }) => info.tokenId === tokenId);
  for (const peer of opened) closePeer(parts, peer, CLOSE.UNAUTHENTICATED, 'token revoked');
}

/** ms; null when no connection is registered and open. */
export function lastSeen(parts: HostParts): number | null {
  const peer = current(parts);
  return peer === null ? null : parts.sockets.lastSeen(peer);
}
