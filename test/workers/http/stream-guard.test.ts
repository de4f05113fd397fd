import { afterEach, expect, it, vi } from 'vitest';
import { errorBodySchema } from '../../../shared/errors.ts';
import { appWith, bearer, envWith, openSocket, viewOf } from './support.ts';

const CLAIMS = { sub: 'root', role: 'admin', jti: 'token-1' };

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
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

/** A guard as the stream gets it, and the access object's side of it. */
function guardPair(): { held: () => Response; access: WebSocket } {
  const { 0: guard, 1: access } = new WebSocketPair();
  access.accept();
  return { held: () => new Response(null, { status: 101, webSocket: guard }), access };
}

/** A running task's log, followed under what `answers` gives for guards, one after the other; nobody can say anything after that. */
async function followed(accept: Record<string, string>, ...answers: (() => Response)[]) {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const opened = vi.fn<() => Promise<Response>>(async () => answers.shift()?.() ?? new Response(null, { status: 503 }));
  const app = appWith({
    scheduler: { getTask: async (id) => viewOf(id, { status: 'running' }) },
    access: { fetch: opened },
    log: { fetch: async () => new Response(null, { status: 101, webSocket: openSocket() }) },
  });
  const headers = { ...(await bearer(CLAIMS)), ...accept };
  return { opened, reply: await app.request('/api/tasks/t/events', { headers }, envWith()) };
}

function closeCode({ webSocket }: Response): Promise<number> {
  const closed = new Promise<number>((resolve) => webSocket?.addEventListener('close', ({ code }) => resolve(code)));
  webSocket?.accept();
  return closed;
}

const untilCalled = async (opened: { mock: { calls: unknown[] } }, times: number) => {
  while (opened.mock.calls.length < times) await vi.advanceTimersByTimeAsync(100);
};

it('[R25] a WebSocket whose guard is lost for good ends, so that its watcher comes again', async () => {
  const { held, access } = guardPair();
  const { opened, reply } = await followed({ upgrade: 'websocket' }, held);
  const closed = closeCode(reply);
  access.close(1011);
  await untilCalled(opened, 7);
  expect(await closed).toBe(1011);
  expect(opened).toHaveBeenCalledTimes(7);
});

it('[R25] and so does a stream of server-sent events', async () => {
  const { held, access } = guardPair();
  const { opened, reply } = await followed({ accept: 'text/event-stream' }, held);
  access.close(1011);
  const text = reply.text();
  await untilCalled(opened, 7);
  expect(await text).toBe(': stream\n\n');
});

it('[R25] a guard that is found again goes on guarding', async () => {
  const first = guardPair();
  const second = guardPair();
  const { opened, reply } = await followed(
    { upgrade: 'websocket' },
    first.held,
    () => new Response(null, { status: 503 }),
    second.held,
  );
  const closed = closeCode(reply);
  first.access.close(1011);
  await untilCalled(opened, 3);
  second.access.close(4401, 'token revoked');
  expect(await closed).toBe(4401);
});

it('[R25] a stream that nobody can guard is not opened', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
  const { reply } = await followed({ accept: 'text/event-stream' });
  expect(reply.status).toBe(503);
  expect(errorBodySchema.parse(await reply.json()).error.code).toBe('not_ready');
});
