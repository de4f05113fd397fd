import { encodeFrame } from '../../../shared/protocol/codec.ts';
import type { Down } from '../../../shared/protocol/down.ts';
import { type Attachment, attachmentSchema } from './attachment.ts';

/** One open socket and what is known about it. */
export interface Peer {
  ws: WebSocket;
  info: Attachment;
}

/** The object's sockets. A socket closed towards a dead peer stays listed by the runtime: only open ones count. */
export class Sockets {
  readonly #ctx: DurableObjectState;
  /** Parsed attachments; a miss reads the attachment again. */
  readonly #known = new WeakMap<WebSocket, Attachment>();

  readonly #closed = new WeakSet<WebSocket>();

  constructor(ctx: DurableObjectState) {
    this.#ctx = ctx;
  }

  accept(ws: WebSocket, info: Attachment): void {
    this.#ctx.acceptWebSocket(ws);
    this.#write(ws, info);
  }

  peer(ws: WebSocket): Peer {
    const known = this.#known.get(ws);
    if (known !== undefined) return { ws, info: known };
    const info = attachmentSchema.parse(ws.deserializeAttachment());
    this.#known.set(ws, info);
    return { ws, info };
  }

  open(): Peer[] {
    return this.#ctx
      .getWebSockets()
      .filter((ws) => ws.readyState === WebSocket.OPEN)
      .map((ws) => this.peer(ws));
  }

  /** The open socket of this epoch. */
  of(epoch: number): Peer | null {
    if (epoch === 0) return null;
    return this.open().find(({ info }) => info.epoch === epoch) ?? null;
  }

  update(ws: WebSocket, change: Partial<Attachment>): void {
    this.#write(ws, { ...this.peer(ws).info, ...change });
  }

  #write(ws: WebSocket, info: Attachment): void {
    ws.serializeAttachment(info);
    this.#known.set(ws, info);
  }

  /** ms; heartbeats that the runtime answered by itself count. */
  lastSeen({ ws, info }: Peer): number {
    const answered = this.#ctx.getWebSocketAutoResponseTimestamp(ws);
    return Math.max(info.lastFrameAt, answered === null ? 0 : answered.getTime());
  }

  /** Whether the frame was handed to an open socket. Throws a `RangeError` for an oversized one. */
  send(ws: WebSocket, frame: Down): boolean {
    const text = encodeFrame(frame);
    if (ws.readyState !== WebSocket.OPEN) return false;
    try {
      ws.send(text);
      return true;
    } catch {
      // Closed between the look and the send.
      return false;
    }
  }

  /** Whether this side has closed it. */
  isClosed(ws: WebSocket): boolean {
    return this.#closed.has(ws);
  }

  close(ws: WebSocket, code: number, reason: string): void {
    this.#closed.add(ws);
    try {
      ws.close(code, reason);
    } catch {
      // Closed already.
    }
  }
}
