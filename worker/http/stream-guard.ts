import type { Context } from 'hono';
import { CLOSE } from '../../shared/close-codes.ts';
import type { AppEnv } from './context.ts';

/** The longest that a timer takes, ms; a later end is looked at again then. */
const MAX_TIMER_MS = 2 ** 31 - 1;
/** ms until a guard that was lost, to a deploy or a restart, is opened again. */
const REOPEN_MS = 200;

/** How a stream is ended from this side. */
export interface StreamEnd {
  code: number;
  reason: string;
}

/**
 * Calls `end`, once, when the token that opened a stream has expired or is revoked. Returns what to call when the stream is over. The
 * pool's access object holds a socket for it and closes that: nobody asks, and the object may sleep.
 */
export function guardStream(c: Context<AppEnv>, end: (how: StreamEnd) => void): () => void {
  const { exp, jti, pool } = c.get('claims');
  let isOver = false;
  let guard: WebSocket | null = null;
  let expiry: number | null = null;
  const stop = () => {
    isOver = true;
    clearTimeout(expiry);
    guard?.close(CLOSE.NORMAL);
  };
  const endFor = (reason: string) => {
    if (isOver) return;
    stop();
    end({ code: CLOSE.UNAUTHENTICATED, reason });
  };
  const awaitExpiry = () => {
    const leftMs = exp * 1000 - Date.now();
    if (leftMs <= 0) endFor('token expired');
    else expiry = setTimeout(awaitExpiry, Math.min(leftMs, MAX_TIMER_MS));
  };
  const awaitRevocation = async (tokenId: string) => {
    while (!isOver) {
      guard = await openGuard(c, pool, tokenId).catch(() => null);
      if (guard !== null && (await closeCode(guard, isOver)) === CLOSE.UNAUTHENTICATED) return endFor('token revoked');
      await new Promise<void>((wake) => setTimeout(wake, REOPEN_MS));
    }
  };
  awaitExpiry();
  if (jti !== undefined) void awaitRevocation(jti);
  return stop;
}

async function openGuard(c: Context<AppEnv>, pool: string, tokenId: string): Promise<WebSocket | null> {
  const query = new URLSearchParams({ token: tokenId });
  const init = { headers: { upgrade: 'websocket' } };
  const { webSocket } = await c.get('objects').access(pool).fetch(`https://access/guard?${query}`, init);
  return webSocket;
}

/** `isUnwanted`: the stream ended while the socket was opened. */
function closeCode(socket: WebSocket, isUnwanted: boolean): Promise<number> {
  return new Promise((resolve) => {
    socket.addEventListener('close', ({ code }) => resolve(code));
    socket.addEventListener('error', () => resolve(0));
    socket.accept();
    if (isUnwanted) socket.close(CLOSE.NORMAL);
  });
}
