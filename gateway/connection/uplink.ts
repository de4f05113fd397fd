import WebSocket from 'ws';
import { encodeFrame } from '../../shared/protocol/codec.ts';
import type { UpV1, UpV2 } from '../../shared/protocol/up.ts';

/** What the rest of the daemon needs of a registered connection. */
export interface Uplink {
  readonly protocol: 1 | 2;
  /** Hands a frame to the socket; does nothing once it is closed. Throws a `RangeError` when the frame is too large. */
  send(message: UpV1 | UpV2): void;
  /** Resolves when all frames so far were handed to the system: true, or false when the socket closed before. */
  flushed(): Promise<boolean>;
  readonly open: boolean;
}

export function uplinkOver(socket: WebSocket, protocol: 1 | 2): Uplink {
  let lastWrite: Promise<boolean> = Promise.resolve(true);
  return {
    protocol,
    get open() {
      return socket.readyState === WebSocket.OPEN;
    },
    send(message) {
      const text = encodeFrame(message);
      lastWrite = new Promise((resolve) =>
        socket.send(text, (error) => resolve(error === undefined || error === null)),
      );
    },
    flushed: () => lastWrite,
  };
}
