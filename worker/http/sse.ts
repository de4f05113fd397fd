import { z } from 'zod';
import { CLOSE } from '../../shared/close-codes.ts';
import { gapEntrySchema } from '../../shared/log-entry.ts';
import { isTerminal, taskStatusSchema } from '../../shared/task.ts';

/** A comment line this often: an idle stream notices a client that is gone only when it is written to. */
const COMMENT_INTERVAL_MS = 15_000;
/** What the stream keeps ready before it asks its reader to catch up. */
const HIGH_WATER_BYTES = 64 * 1024;
/** What it holds for a slow reader; beyond, it lets the log go and comes back for the rest when the reader has caught up. */
const MAX_QUEUED_BYTES = 4 * 1024 * 1024;
/** A log object that goes away (deploy, restart) is back within these tries. */
const MAX_REOPENS = 5;
const REOPEN_DELAY_MS = 200;

const headSchema = z.union([
  z.object({ seq: z.int(), status: taskStatusSchema.optional() }).transform(({ seq, status }) => ({ seq, status })),
  gapEntrySchema.transform(({ gap }) => ({ seq: gap.to, status: undefined })),
]);

export interface SseSource {
  /** A watcher's socket, not yet accepted, for the entries after `after`. */
  open(after: number): Promise<WebSocket>;
  /** The stream is over, whoever ended it. */
  closed(): void;
}

const encoder = new TextEncoder();

/**
 * The entries of `first`, and of further sockets where that one is lost, as server-sent events; ends after the terminal
 * entry. Each entry once and in order: it is the cursor that counts, not the socket. `signal` ends it.
 */
export function sseStream(source: SseSource, first: WebSocket, after: number, signal: AbortSignal): ReadableStream {
  const bridge = new SseBridge(source, after);
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => bridge.start(controller, first, signal),
      pull: () => bridge.pull(),
      cancel: () => bridge.stop(),
    },
    { highWaterMark: HIGH_WATER_BYTES, size: (chunk) => chunk.byteLength },
  );
}

class SseBridge {
  readonly #source: SseSource;
  #cursor: number;
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  #socket: WebSocket | null = null;
  #comments: number | null = null;
  #done = false;
  #opening = false;
  #paused = false;
  #failures = 0;

  constructor(source: SseSource, after: number) {
    this.#source = source;
    this.#cursor = after;
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>, first: WebSocket, signal: AbortSignal): void {
    this.#controller = controller;
    this.#comments = setInterval(() => this.#enqueue(': waiting\n\n'), COMMENT_INTERVAL_MS);
    signal.addEventListener('abort', () => this.#end(), { once: true });
    this.#enqueue(': stream\n\n');
    this.#attach(first);
    if (signal.aborted) this.#end();
  }

  /** The reader has room: take the log up again if it was let go. */
  async pull(): Promise<void> {
    if (!this.#paused) return;
    this.#paused = false;
    await this.#reopen();
  }

  /** Lets go of everything; harmless when repeated. */
  stop(): void {
    if (this.#done) return;
    this.#done = true;
    clearInterval(this.#comments);
    this.#source.closed();
    this.#release();
  }

  #attach(socket: WebSocket): void {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }: MessageEvent) => {
      if (this.#socket === socket && typeof data === 'string') this.#onEntry(data);
    });
    socket.addEventListener('close', ({ code }) => {
      if (this.#socket === socket) this.#onLost(code);
    });
    socket.accept();
  }

  #release(): void {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(CLOSE.NORMAL);
  }

  #onEntry(text: string): void {
    const { seq, status } = headSchema.parse(JSON.parse(text));
    if (seq <= this.#cursor) return;
    this.#cursor = seq;
    this.#failures = 0;
    this.#enqueue(`id: ${seq}\ndata: ${text}\n\n`);
    if (status !== undefined && isTerminal(status)) this.#end();
    else if ((this.#controller?.desiredSize ?? 0) < -MAX_QUEUED_BYTES) this.#pause();
  }

  #pause(): void {
    this.#paused = true;
    this.#release();
  }

  #onLost(code: number): void {
    this.#socket = null;
    // The log's own word that nothing follows.
    if (code === CLOSE.NORMAL) this.#end();
    else void this.#reopen();
  }

  async #reopen(): Promise<void> {
    if (this.#opening) return;
    this.#opening = true;
    while (!this.#done && this.#socket === null) {
      if (this.#failures > 0) await new Promise<void>((wake) => setTimeout(wake, REOPEN_DELAY_MS * this.#failures));
      this.#failures += 1;
      // The client then comes back by itself, with `Last-Event-ID`.
      if (this.#failures > MAX_REOPENS) this.#end();
      else await this.#tryOpen();
    }
    this.#opening = false;
  }

  async #tryOpen(): Promise<void> {
    try {
      const socket = await this.#source.open(this.#cursor);
      this.#attach(socket);
      if (this.#done) this.#release();
    } catch (error) {
      console.warn(JSON.stringify({ event: 'watch_reopen_failed', error: String(error) }));
    }
  }

  #end(): void {
    if (this.#done) return;
    this.stop();
    this.#controller?.close();
  }

  #enqueue(text: string): void {
    if (!this.#done) this.#controller?.enqueue(encoder.encode(text));
  }
}
