import { CLOSE, CLOSE_LOST } from '../../shared/close-codes.ts';
import type { StreamGuard } from './stream-guard.ts';

/** Stand for "no code" and "lost": they must not be sent. */
const UNSENDABLE = new Set([1005, 1006]);

/**
 * Answers an upgrade with a socket that passes on what `upstream`, not yet accepted, sends. Handing on the object's own
 * socket would be less work, but workerd keeps a hibernatable socket's connection open for ten seconds after its close
 * when the peer never said anything, and a watcher says nothing. `guard` may end it. `protocol`: the
 * one agreed on.
 */
export function relay(upstream: WebSocket, guard: StreamGuard, protocol: string | null): Response {
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  upstream.addEventListener('message', ({ data }) => {
    if (server.readyState === WebSocket.OPEN) server.send(data);
  });
  const close = (code: number, reason: string) => {
    if (server.readyState === WebSocket.OPEN) server.close(code, reason);
  };
  upstream.addEventListener('close', ({ code, reason }) => {
    guard.stop();
    close(UNSENDABLE.has(code) ? CLOSE_LOST : code, reason);
  });
  server.addEventListener('close', () => {
    guard.stop();
    upstream.close(CLOSE.NORMAL);
  });
  upstream.accept();
  guard.onEnd(({ code, reason }) => {
    close(code, reason);
    upstream.close(CLOSE.NORMAL);
  });
  const headers = new Headers(protocol === null ? {} : { 'sec-websocket-protocol': protocol });
  return new Response(null, { status: 101, webSocket: client, headers });
}
