import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hostObjectName, logObjectName } from '../../worker/names.ts';
import type { Api } from './harness/api.ts';
import { CountingServer } from './harness/counting-server.ts';
import { script } from './harness/prompt.ts';
import type { SseStream } from './harness/sse.ts';
import { sleep } from './harness/wait.ts';
import { watchBySocket } from './harness/watch-socket.ts';
import { type Entry, entryText, type Task } from './harness/wire.ts';
import { World } from './harness/world.ts';

const HOST = 'box';
const HEARTBEAT_INTERVAL_MS = 1_000;
/** workerd puts an object away after 10 s without work, and the archive of a finished task is due within 5 s. No event tells of either. */
const IDLE_MS = 25_000;
const POKE_MS = 1_000;

const world = new World();
let server: CountingServer;
afterAll(() => world.close());

/** A pool with a host, a finished task, and a task that says nothing, watched in both forms. */
interface Scene {
  pool: string;
  api: Api;
  gate: string;
  finished: Task;
  quiet: Task;
  sse: SseStream;
  socket: Promise<{ entries: Entry[]; code: number }>;
}

async function scene(pool: string): Promise<Scene> {
  const api = server.api(pool);
  const serverUrl = server.url.replace(/^http/, 'ws');
  world.daemon({ serverUrl, hostId: HOST, token: server.token(HOST, 'host', pool), dir: world.directory(pool) });
  await api.untilHost(HOST, 'online');
  const gate = join(world.dir, world.name('gate'));
  const quiet = await api.createTask(script(['print one', `wait ${gate}`, 'print two']));
  let finished: Task;
  do {
    finished = await api.createTask(script(['print one']));
    await api.untilStatus(finished.id, 'completed');
  } while (logOf(pool, finished) === logOf(pool, quiet));
  const sse = await api.watch(quiet.id);
  await sse.messages.take('the first event', ({ entry }) => entryText(entry) === 'one');
  const socket = watchBySocket(server.url, api.token, quiet.id);
  return { pool, api, gate, finished, quiet, sse, socket };
}

function logOf(pool: string, { id, createdAt }: Task): string {
  return logObjectName(pool, id, createdAt);
}

/** One request to each of the pool's objects; more than one where the route asks several. */
const REQUESTS: { name: string; object(of: Scene): string; ask(of: Scene): Promise<unknown> }[] = [
  { name: 'the scheduler', object: ({ pool }) => pool, ask: ({ api, quiet }) => api.task(quiet.id) },
  {
    name: 'a host whose gateway sends heartbeats',
    object: ({ pool }) => hostObjectName(pool, HOST),
    ask: ({ api }) => api.host(HOST),
  },
  {
    name: 'the log of a finished task',
    object: ({ pool, finished }) => logOf(pool, finished),
    ask: ({ api, finished }) => api.log(finished.id),
  },
  {
    name: 'the log of a quiet task with its watchers',
    object: ({ pool, quiet }) => logOf(pool, quiet),
    ask: ({ api, quiet }) => api.log(quiet.id),
  },
  {
    name: 'the access object that guards the watchers',
    object: ({ pool }) => `${pool}/access`,
    ask: ({ api }) => api.request('GET', '/api/audit?limit=1'),
  },
];

function countsOf(of: Scene): number[] {
  const counts = server.counts(of.pool);
  return REQUESTS.map(({ object }) => counts[object(of)] ?? 0);
}

async function wake(of: Scene): Promise<void> {
  for (const { ask } of REQUESTS) await ask(of);
}

describe(`after ${IDLE_MS} ms without work`, () => {
  let idle: Scene;
  let warm: Scene;
  const before = { idle: [0], warm: [0] };
  const asleep = { idle: [0], warm: [0] };
  let idleSince = 0;

  beforeAll(async () => {
    server = await CountingServer.start(world, { HEARTBEAT_INTERVAL_MS: String(HEARTBEAT_INTERVAL_MS) });
    idle = await scene('idle');
    warm = await scene('warm');
    Object.assign(before, { idle: countsOf(idle), warm: countsOf(warm) });
    idleSince = Date.now();
    while (Date.now() < idleSince + IDLE_MS) {
      await sleep(POKE_MS);
      await wake(warm);
    }
    Object.assign(asleep, { idle: countsOf(idle), warm: countsOf(warm) });
  });

  test('[L12] nothing has woken an object meanwhile: no heartbeat, no watcher, no alarm', () => {
    expect(asleep.idle).toEqual(before.idle);
  });

  test('[L12] each object sleeps: a request constructs it anew; one that is asked every second stays the same', async () => {
    await wake(idle);
    await wake(warm);
    const found = countsOf(idle).map((count, index) => [REQUESTS[index]?.name, count - (before.idle[index] ?? 0)]);
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(REQUESTS.map(({ name }) => [name, 1])));
    expect(countsOf(warm)).toEqual(before.warm);
    expect(before.warm).toEqual([1, 1, 1, 1, 1]);
  });

  test('[L12] the heartbeats of the sleeping host were answered, and count', async () => {
    const host = await idle.api.host(HOST);
    expect(host?.lastHeartbeat).toBeGreaterThan(idleSince + IDLE_MS - 10 * HEARTBEAT_INTERVAL_MS);
    expect(host?.connectedAt).toBeLessThan(idleSince);
  });

  test('[L12] the watchers that slept get what comes', async () => {
    writeFileSync(idle.gate, '');
    const expected = ['[queued]', '[assigned]', '[running]', 'one', 'two', '[completed]'];
    expect((await idle.sse.rest()).map(({ entry }) => entryText(entry))).toEqual(expected);
    const { entries, code } = await idle.socket;
    expect([entries.map(entryText), code]).toEqual([expected, 1000]);
    warm.sse.close();
    writeFileSync(warm.gate, '');
    await warm.socket;
  });
});
