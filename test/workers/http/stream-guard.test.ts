import { afterEach, expect, it, vi } from 'vitest';
import { appWith, bearer, envWith, openSocket, viewOf } from './support.ts';

const CLAIMS = { sub: 'root', role: 'admin', jti: 'token-1' };

afterEach(() => {
  vi.useRealTimers();
});

it('[R25] a token that is revoked while a stream is being opened ends that stream', async () => {
  const { 0: guard, 1: access } = new WebSocketPair();
  access.accept();
  const app = appWith({
    scheduler: { getTask: async (id) => viewOf(id, { status: 'running' }) },
    access: { fetch: async () => new Response(null, { status: 101, webSocket: guard }) },
    log: {
      fetch: async () => {
        access.close(4401, 'token revoked');
        await new Promise((resolve) => setTimeout(resolve, 20));
        return new Response(null, { status: 101, webSocket: openSocket() });
      },
    },
  });
  const headers = { ...(await bearer(CLAIMS)), accept: 'text/event-stream' };
  const reply = await app.request('/api/tasks/t/events', { headers }, envWith());
  expect(await reply.text()).toBe(': stream\n\n');
});

it('[R25] a stream whose guard is lost for good ends, so that its watcher comes again', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const { 0: guard, 1: access } = new WebSocketPair();
  access.accept();
  const opened = vi.fn<() => Promise<Response>>(async () => new Response(null, { status: 503 }));
  opened.mockResolvedValueOnce(new Response(null, { status: 101, webSocket: guard }));
  const app = appWith({
    scheduler: { getTask: async (id) => viewOf(id, { status: 'running' }) },
    access: { fetch: opened },
    log: { fetch: async () => new Response(null, { status: 101, webSocket: openSocket() }) },
  });
  const headers = { ...(await bearer(CLAIMS)), upgrade: 'websocket' };
  const { webSocket } = await app.request('/api/tasks/t/events', { headers }, envWith());
  const closed = new Promise<number>((resolve) => webSocket?.addEventListener('close', ({ code }) => resolve(code)));
  webSocket?.accept();
  access.close(1011);
  while (opened.mock.calls.length < 7) await vi.advanceTimersByTimeAsync(100);
  expect(await closed).toBe(1011);
  expect(opened).toHaveBeenCalledTimes(7);
});
