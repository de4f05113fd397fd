import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';
import { Inbox } from '../e2e/harness/inbox.ts';

export type Frame = Record<string, unknown> & { type: string };
const frameSchema = z.looseObject({ type: z.string() });

/** An answer to the upgrade other than 101. */
export interface HttpRefusal {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}

/** One connection of a daemon. */
export class Peer {
  readonly frames = new Inbox<Frame>();
  readonly request: IncomingMessage;
  readonly socket: WebSocket;
  readonly closed: Promise<number>;

  constructor(socket: WebSocket, request: IncomingMessage, onFrame: (peer: Peer, frame: Frame) => void) {
    this.socket = socket;
    this.request = request;
    socket.on('error', () => {});
    socket.on('message', (data) => {
      const frame = frameSchema.parse(JSON.parse(data.toString()));
      this.frames.push(frame);
      onFrame(this, frame);
    });
    this.closed = new Promise((resolve) =>
      socket.on('close', (code) => {
        this.frames.end(`the socket closed with ${code}`);
        resolve(code);
      }),
    );
  }

  send(frame: Frame): void {
    this.socket.send(JSON.stringify(frame));
  }

  /** Waits for a frame of this type about this task, or about none. */
  take(type: string, taskId?: string): Promise<Frame> {
    return this.frames.take(
      `${type} ${taskId ?? ''}`,
      (frame) => frame.type === type && (taskId === undefined || frame.taskId === taskId),
    );
  }

  ofType(type: string): Frame[] {
    return this.frames.all.filter((frame) => frame.type === type);
  }
}

export type FrameHandler = (peer: Peer, frame: Frame) => void;

/** A real WebSocket server on loopback that says what a test tells it to. */
export class FakeServer {
  readonly peers = new Inbox<Peer>();
  /** Attempts to connect, whatever came of them, with their times (ms, monotonic). */
  readonly attempts = new Inbox<{ at: number; url: string; authorization: string }>();
  refusal: HttpRefusal | null = null;
  readonly #http: Server = createServer();
  readonly #sockets = new WebSocketServer({ noServer: true });
  readonly #onFrame: FrameHandler;
  #port = 0;

  constructor(onFrame: FrameHandler) {
    this.#onFrame = onFrame;
    this.#http.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#port}`;
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#http.listen(this.#port, '127.0.0.1', resolve));
    const address: AddressInfo | string | null = this.#http.address();
    if (typeof address === 'object' && address !== null) this.#port = address.port;
    return this;
  }

  /** Drops every connection and frees the port; `listen` takes the same one again. */
  async close(): Promise<void> {
    for (const peer of this.peers.all) peer.socket.terminate();
    await new Promise<void>((resolve) => {
      this.#http.close(() => resolve());
      this.#http.closeAllConnections();
    });
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.attempts.push({
      at: performance.now(),
      url: request.url ?? '',
      authorization: request.headers.authorization ?? '',
    });
    if (this.refusal !== null) {
      const { status, headers = {}, body = '' } = this.refusal;
      const lines = Object.entries({ ...headers, 'content-length': String(body.length), connection: 'close' });
      socket.end(
        `HTTP/1.1 ${status} No\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`,
      );
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
      this.peers.push(new Peer(webSocket, request, this.#onFrame));
    });
  }
}
