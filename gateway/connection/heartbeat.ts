import WebSocket from 'ws';
import { HEARTBEAT_REQUEST } from '../../shared/protocol/heartbeat.ts';

/** Beats without any sign of life from the server after which the connection is given up. */
const MAX_SILENT_BEATS = 2;

/** The heartbeat as this protocol version has it. */
export function heartbeatText(protocol: 1 | 2, now: number): string {
  return protocol === 2 ? HEARTBEAT_REQUEST : JSON.stringify({ type: 'heartbeat', timestamp: now });
}

/** Longest interval that a timer can hold; a longer one would beat without a pause. */
const MAX_INTERVAL_MS = 2 ** 31 - 1;

export interface Heartbeat {
  /** Starts the interval anew with this length, ms. */
  rearm(intervalMs: number): void;
  stop(): void;
}

/**
 * Beats at once and then every interval: a heartbeat frame for the server, and a protocol ping to hear from it. A server
 * that shows no life for more than two intervals has its socket terminated. Counting beats instead of reading a
 * clock keeps a machine that slept from giving up a good connection on waking.
 */
export function startHeartbeat(socket: WebSocket, protocol: 1 | 2, intervalMs: number): Heartbeat {
  let silentBeats = 0;
  const alive = () => {
    silentBeats = 0;
  };
  for (const event of ['message', 'ping', 'pong']) socket.on(event, alive);
  const beat = () => {
    if (socket.readyState !== WebSocket.OPEN) return;
    if (silentBeats >= MAX_SILENT_BEATS) {
      socket.terminate();
      return;
    }
    silentBeats += 1;
    socket.send(heartbeatText(protocol, Date.now()));
    socket.ping();
  };
  let timer = setInterval(beat, Math.min(intervalMs, MAX_INTERVAL_MS));
  beat();
  return {
    rearm(newIntervalMs) {
      clearInterval(timer);
      timer = setInterval(beat, Math.min(newIntervalMs, MAX_INTERVAL_MS));
    },
    stop() {
      clearInterval(timer);
      for (const event of ['message', 'ping', 'pong']) socket.off(event, alive);
    },
  };
}
