import { afterAll, beforeAll, expect, test } from 'vitest';
import { registerV2Schema } from '../../shared/protocol/register.ts';
import { FakeV2Server } from '../support/fake-v2-server.ts';
import type { Daemon } from './harness/daemon.ts';
import { sleep, until } from './harness/wait.ts';
import { World } from './harness/world.ts';

const world = new World();
let server: FakeV2Server;
let daemon: Daemon;

beforeAll(async () => {
  server = await new FakeV2Server().listen();
  daemon = world.daemon({
    serverUrl: server.url,
    hostId: 'host-1',
    token: 'secret-token-of-the-test',
    maxConcurrent: 100,
  });
});
afterAll(async () => {
  await world.close();
  await server.close();
});

/** ms from the execute to the kill: from before it is read, over its acceptance and the agent's start, to its result. */
const INSTANTS = [0, 1, 2, 4, 7, 12, 20, 50, 150, 250, 350, 500];

test.each(INSTANTS)(
  '[L3] [L4] kill -9 of the daemon %i ms after an execute: run once, every event, the result',
  async (ms) => {
    const taskId = `t-${ms}`;
    const order = {
      type: 'task:execute',
      attempt: 1,
      task: { taskId, prompt: 'count 20\nsleep 50\nprint done', cwd: '', agentType: 'script', timeout: 60_000 },
    };
    const peer = await server.registered();
    peer.send(order);
    await sleep(ms);
    await daemon.crash();
    daemon.startAgain();
    const next = await server.peers.take('a connection', () => true);
    const { runs } = registerV2Schema.parse(await next.take('register'));
    const settled = server.stored(taskId).end !== null;
    // A run that is not listed was never accepted: the server may offer it again.
    if (!settled && !runs.some((run) => run.taskId === taskId)) next.send(order);
    await until('the end', () => server.stored(taskId).end ?? undefined);
    const lines = Array.from({ length: 20 }, (_, index) => `line ${index + 1}`);
    expect(server.stored(taskId).contents).toEqual([...lines, 'done']);
    next.socket.terminate();
  },
);
