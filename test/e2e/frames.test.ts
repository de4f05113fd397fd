import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { V1Host } from '../conformance/v1-host/host.ts';
import type { Server } from './harness/server.ts';
import { entryText } from './harness/wire.ts';
import { World } from './harness/world.ts';

const world = new World();
let server: Server;
beforeAll(async () => {
  server = await world.server({ MAX_HOSTS_PER_IP: '0' });
});
afterAll(() => world.close());

const RUNS = 25;
const MIB = 1024 * 1024;

const TYPES = [
  'register',
  'registered',
  'heartbeat',
  'task:started',
  'task:event',
  'task:events',
  'task:completed',
  'task:failed',
  'task:refused',
  'task:execute',
  'input:ack',
  'ping',
  'constructor',
];

/** `OWN` and `FOREIGN` stand for the ids of tasks that exist; they are filled in when the frame is sent. */
const taskId = fc.constantFrom('OWN', 'FOREIGN', 'unknown-task', '', '../../etc/passwd');

const event = fc.record({ type: fc.constantFrom('log', 'nonsense'), content: fc.string(), timestamp: fc.integer() });

/** Right in form, and about a task that is its own, another's, or none; in any order. */
const plausible = fc.oneof(
  fc.record({ type: fc.constant('task:started'), taskId, sessionId: fc.string() }),
  fc.record({ type: fc.constant('task:event'), taskId, event }),
  fc.record({ type: fc.constant('task:completed'), taskId, result: fc.record({ success: fc.boolean() }) }),
  fc.record({ type: fc.constant('task:failed'), taskId, error: fc.string() }),
  fc.record({
    type: fc.constant('task:events'),
    taskId,
    attempt: fc.integer({ min: -1, max: 3 }),
    seq: fc.integer({ min: -1, max: 1000 }),
    events: fc.array(event, { maxLength: 4 }),
  }),
);

/** A known type with fields of any kind. */
const wild = fc
  .tuple(fc.constantFrom(...TYPES), taskId, fc.dictionary(fc.string(), fc.jsonValue()))
  .map(([type, id, fields]) => ({ ...fields, type, taskId: id }));

const frame: fc.Arbitrary<string | Buffer> = fc.oneof(
  { weight: 6, arbitrary: plausible.map((value) => JSON.stringify(value)) },
  { weight: 4, arbitrary: wild.map((value) => JSON.stringify(value)) },
  { weight: 2, arbitrary: fc.json() },
  { weight: 2, arbitrary: fc.string() },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 1, arbitrary: fc.constant('['.repeat(50_000)) },
  {
    weight: 1,
    arbitrary: fc.constant(
      JSON.stringify({
        type: 'task:event',
        taskId: 'OWN',
        event: { type: 'log', content: 'x'.repeat(MIB), timestamp: 1 },
      }),
    ),
  },
);

interface Version {
  version: string;
  extras: Record<string, unknown>;
}

const versions: Version[] = [
  { version: 'version 1', extras: {} },
  {
    version: 'version 2',
    extras: { protocol: 2, version: '0.0.0-test', features: [], withoutInput: [], runs: [] },
  },
];

describe.each(versions)('[C1] frames of any kind on a connection of $version', ({ extras }) => {
  const connect = async (hostId: string) => {
    const host = await V1Host.connect({ url: server.webSocketUrl, hostId, token: server.hostToken(hostId) });
    const capabilities = { name: hostId, agents: ['opencode'], maxConcurrent: 4, cwd: '/w' };
    host.send({ type: 'register', hostId, capabilities, ...extras });
    return host;
  };

  test('never break its object, its next connection, or the task of another host', async () => {
    const api = server.api();
    const other = await plainHost(server, world.name('other'));
    const { id: foreign } = await api.createTask({ prompt: 'p', hostId: other.hostId });
    await other.next('task:execute', foreign);
    other.started(foreign);
    await api.untilStatus(foreign, 'running');
    let told = 0;

    await fc.assert(
      fc.asyncProperty(fc.array(frame, { minLength: 1, maxLength: 12 }), async (frames) => {
        const hostId = world.name('wild');
        const host = await connect(hostId);
        const { id: own } = await api.createTask({ prompt: 'p', hostId });
        await api.untilTask('is handed out', own, (task) => task.attempt === 1);
        for (const each of frames) {
          host.sendRaw(typeof each === 'string' ? each.replace('OWN', own).replace('FOREIGN', foreign) : each);
        }
        // The other host works on meanwhile.
        told += 1;
        other.event(foreign, `still here ${told}`);
        // The same host id can come back, be seen and get work.
        const back = await connect(hostId);
        const { id: next } = await api.createTask({ prompt: 'p', hostId });
        await api.untilTask('is handed out', next, (task) => task.attempt >= 1);
        expect(await api.host(hostId)).toMatchObject({ hostId });
        expect((await api.task(foreign)).status).toBe('running');
        await Promise.all([host.cut(), back.cut()]);
      }),
      { numRuns: RUNS },
    );

    other.completed(foreign, { success: true, output: 'unharmed' });
    expect(await api.untilStatus(foreign, 'completed')).toMatchObject({ result: { output: 'unharmed' } });
    const texts = (await api.finishedLog(foreign)).flatMap((entry) => ('event' in entry ? [entryText(entry)] : []));
    expect(texts).toEqual(Array.from({ length: told }, (_, index) => `still here ${index + 1}`));
    await other.close();
  });
});

async function plainHost(on: Server, hostId: string): Promise<V1Host> {
  const host = await V1Host.connect({ url: on.webSocketUrl, hostId, token: on.hostToken(hostId) });
  expect((await host.register()).ok).toBe(true);
  return host;
}
