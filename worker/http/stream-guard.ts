import type { Context } from 'hono';
import { CLOSE, CLOSE_LOST } from '../../shared/close-codes.ts';
import { ERROR_STATUS } from '../../shared/errors.ts';
import { withDeadline } from '../with-deadline.ts';
import type { AppEnv } from './context.ts';
import { HttpError, tooMany } from './errors.ts';
import { retrying } from './retry.ts';
import { notKnown } from './revocations.ts';

/** The longest that a timer takes, ms; a later end is looked at again then. */
const MAX_TIMER_MS = 2 ** 31 - 1;
/** ms until a guard that was lost, to a deploy or a restart, is opened again; twice as long each time. */
const REOPEN_MS = 200;
/** After some seconds without a guard a stream ends, for nobody would end it when its token is revoked. */
const MAX_REOPENS = 6;
/** ms after which another stream of the token may have ended. */
const STREAM_WAIT_MS = 30_000;

/** How a stream is ended from this side. */
export interface StreamEnd {
  code: number;
  reason: string;
}

/**
 * Watches over the token that opened a stream. The pool's access object holds a socket for it, which it closes when the token is revoked, and
 * by which it counts: nobody asks again and again, and the object may sleep.
 */
export class StreamGuard {
  readonly #open: () => Promise<WebSocket>;
  readonly #expiresMs: number;
  #socket: WebSocket | null = null;
  #expiry: number | null = null;
  #isOver = false;
  #onEnd: ((how: StreamEnd) => void) | null = null;
  /** It ended before anybody was told of ends. */
  #ended: StreamEnd | null = null;

  private constructor(open: () => Promise<WebSocket>, expiresMs: number) {
    this.#open = open;
    this.#expiresMs = expiresMs;
  }

  /** Throws 429 when the token has `MAX_STREAMS_PER_TOKEN` open, 503 when it cannot be said whether it is revoked. */
  static async open(c: Context<AppEnv>): Promise<StreamGuard> {
    const { exp, jti, sub, pool } = c.get('claims');
    // A token without an id cannot be revoked by one; its streams are counted all the same.
    const query = new URLSearchParams(jti === undefined ? { sub } : { token: jti });
    const guard = new StreamGuard(async () => {
      const init = { headers: { upgrade: 'websocket' } };
      const access = c.get('objects').access(pool);
      const { status, webSocket } = await withDeadline(() => access.fetch(`https://access/guard?${query}`, init));
      if (webSocket !== null) return webSocket;
      if (status !== ERROR_STATUS.rate_limited) throw new Error(`the access object answered ${status} to a guard`);
      const message = 'too many streams of this token are open';
      throw tooMany('rate_limited', 'MAX_STREAMS_PER_TOKEN', message, STREAM_WAIT_MS);
    }, exp * 1000);
    guard.#hold(
      await retrying(guard.#open).catch((error: unknown) => {
        if (error instanceof HttpError) throw error;
        return notKnown(error);
      }),
    );
    guard.#awaitExpiry();
    return guard;
  }

  /** `end` is called once: when the token has expired or is revoked, or nobody can say so any more; at once when that has come already. */
  onEnd(end: (how: StreamEnd) => void): void {
    this.#onEnd = end;
    if (this.#ended !== null) end(this.#ended);
  }

  /** The stream is over. */
  stop(): void {
    this.#isOver = true;
    clearTimeout(this.#expiry);
    this.#socket?.close(CLOSE.NORMAL);
  }

  #end(reason: string, code: number = CLOSE.UNAUTHENTICATED): void {
    if (this.#isOver) return;
    this.stop();
    this.#ended = { code, reason };
    this.#onEnd?.(this.#ended);
  }

  #awaitExpiry(): void {
    const leftMs = this.#expiresMs - Date.now();
    if (leftMs <= 0) this.#end('token expired');
    else this.#expiry = setTimeout(() => this.#awaitExpiry(), Math.min(leftMs, MAX_TIMER_MS));
  }

  #hold(socket: WebSocket): void {
    this.#socket = socket;
    socket.addEventListener('close', ({ code }) => {
      if (code === CLOSE.UNAUTHENTICATED) this.#end('token revoked');
      else void this.#reopen();
    });
    socket.accept();
    if (this.#isOver) socket.close(CLOSE.NORMAL);
  }

  async #reopen(): Promise<void> {
    for (let tries = 0; tries < MAX_REOPENS; tries += 1) {
      await new Promise<void>((wake) => setTimeout(wake, REOPEN_MS * 2 ** tries));
      if (this.#isOver) return;
      const socket = await this.#open().catch(() => null);
      if (socket !== null) return this.#hold(socket);
    }
    this.#end('it cannot be said whether the token is revoked; come again', CLOSE_LOST);
  }
}
