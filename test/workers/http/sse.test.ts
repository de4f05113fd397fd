import { describe, expect, test } from 'vitest';
import type { LogEntry } from '../../../shared/log-entry.ts';
import { appWith, bearer, envWith, type Fakes, viewOf } from './support.ts';

const event = (seq: number, content = 'line'): LogEntry => ({
  seq,
  at: 1,
  attempt: 1,
  event: { type: 'log', content, timestamp: 1 },
});
const ended = (seq: number): LogEntry => ({ seq, at: 1, attempt: 1, status: 'completed' });

type Script = (socket: WebSocket, after: number) => void;

/** A log object whose watchers are served by `scripts`, one each; `afters` shows where they began. */
function logOf(scripts: Script[], afters: number[] = []): NonNullable<Fakes['log']> {
  return {
    fetch: async (input) => {
      const after = Number(new URL(typeof input === 'string' ? input : input.url).searchParams.get('after'));
      afters.push(after);
      const script = scripts.shift();
      if (script === undefined) return new Response(null, { status: 410 });
      const { 0: client, 1: server } = new WebSocketPair();
      server.accept();
      queueMicrotask(() => script(server, after));
      return new Response(null, { status: 101, webSocket: client });
    },
  };
}

const send = (socket: WebSocket, ...entries: LogEntry[]) => {
  for (const entry of entries) socket.send(JSON.stringify(entry));
};

async function stream(log: Fakes['log'], query = '', headers: Record<string, string> = {}): Promise<Response> {
  const scheduler = { getTask: async () => viewOf('t1', { status: 'running' }) };
  return appWith({ scheduler, log }).request(
    `/api/tasks/t1/events${query}`,
    { headers: { accept: 'text/event-stream', ...headers, ...(await bearer({ role: 'client' })) } },
    envWith(),
  );
}

/** The fields of each event of a finished stream, comments left out. */
async function eventsOf(response: Response): Promise<string[][]> {
  const blocks = (await response.text()).split('\n\n').filter((block) => block !== '' && !block.startsWith(':'));
  return blocks.map((block) => block.split('\n'));
}

const asEvent = (entry: LogEntry, id: number): string[] => [`id: ${id}`, `data: ${JSON.stringify(entry)}`];

describe('server-sent events [C2]', () => {
  test('id and data of each entry, a gap under its last number, the end after the terminal entry', async () => {
    const entries: [LogEntry, number][] = [
      [{ gap: { from: 1, to: 5 } }, 5],
      [event(6, 'two\nlines'), 6],
      [{ seq: 7, at: 1, attempt: 1, status: 'queued' }, 7],
      [ended(8), 8],
    ];
    const response = await stream(logOf([(socket) => send(socket, ...entries.map(([entry]) => entry), event(9))]));
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('x-accel-buffering')).toBe('no');
    expect(await eventsOf(response)).toEqual(entries.map(([entry, id]) => asEvent(entry, id)));
  });

  test('Last-Event-ID wins over after', async () => {
    const afters: number[] = [];
    const script: Script = (socket, after) => send(socket, ended(after + 1));
    await (await stream(logOf([script], afters), '?after=3')).text();
    await (await stream(logOf([script], afters), '?after=3', { 'last-event-id': '7' })).text();
    expect(afters).toEqual([3, 7]);
  });

  test('[L11] a lost log object is watched again from the last entry, each entry once', async () => {
    const afters: number[] = [];
    const log = logOf(
      [
        (socket) => {
          send(socket, event(1), event(2));
          socket.close(1011, 'restarting');
        },
        (socket) => send(socket, event(2), event(3), ended(4)),
      ],
      afters,
    );
    const events = await eventsOf(await stream(log));
    expect(events).toEqual([event(1), event(2), event(3), ended(4)].map((entry, index) => asEvent(entry, index + 1)));
    expect(afters).toEqual([0, 2]);
  });

  test('a close that says that all is said ends the stream', async () => {
    const response = await stream(logOf([(socket) => socket.close(1000)]));
    expect(await eventsOf(response)).toEqual([]);
  });

  test('[L11] a reader that is too slow is given everything, later, and not held in memory', async () => {
    const total = 400;
    const content = 'x'.repeat(50_000);
    const afters: number[] = [];
    let ids: (string | undefined)[] = [];
    await new Promise<void>((resolve, reject) => {
      let letGo = () => {};
      const paused = new Promise<void>((done) => {
        letGo = done;
      });
      const serve: Script = (socket, after) => {
        socket.addEventListener('close', () => letGo());
        for (let seq = after + 1; seq <= total; seq += 1)
          send(socket, seq === total ? ended(seq) : event(seq, content));
      };
      stream(
        logOf(
          Array.from({ length: total }, () => serve),
          afters,
        ),
      )
        .then(async (response) => {
          // Nothing is read before the stream has let the log go.
          await paused;
          ids = (await eventsOf(response)).map(([id]) => id);
        })
        .then(resolve, reject);
    });
    expect(ids).toEqual(Array.from({ length: total }, (_, index) => `id: ${index + 1}`));
    expect(afters.length).toBeGreaterThan(1);
  });

  test('a client that goes away closes the watcher', async () => {
    let cancelled: Promise<void> | undefined;
    const code = await new Promise<number>((resolve, reject) => {
      const script: Script = (socket) => {
        socket.addEventListener('close', (closed) => resolve(closed.code));
        send(socket, event(1));
      };
      cancelled = stream(logOf([script])).then(({ body }) => body?.cancel(), reject);
    });
    await cancelled;
    expect(code).toBe(1000);
  });

  test('[L11] a log past retention: 410; HEAD opens nothing', async () => {
    expect((await stream(logOf([]))).status).toBe(410);
    const headers = { accept: 'text/event-stream', ...(await bearer({ role: 'client' })) };
    const app = appWith({ scheduler: { getTask: async () => viewOf('t1') } });
    const head = await app.request('/api/tasks/t1/events', { method: 'HEAD', headers }, envWith());
    expect([head.status, head.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8']);
  });

  test('an EventSource that has everything is told 204, which ends its reconnecting', async () => {
    const page = { events: [], nextAfter: 4, done: true };
    const app = appWith({
      scheduler: { getTask: async () => viewOf('t1', { status: 'completed' }) },
      log: { read: async () => page },
    });
    const headers = { accept: 'text/event-stream', 'last-event-id': '4', ...(await bearer({ role: 'client' })) };
    expect((await app.request('/api/tasks/t1/events', { headers }, envWith())).status).toBe(204);
  });
});
