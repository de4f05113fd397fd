import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Api } from './harness/api.ts';
import type { Server } from './harness/server.ts';
import { untilTrue } from './harness/wait.ts';
import { entryText } from './harness/wire.ts';
import { World } from './harness/world.ts';

const AGENT = fileURLToPath(new URL('../support/acp-agent.ts', import.meta.url));
const AGENTS = {
  talker: { protocol: 'acp', command: [process.execPath, AGENT] },
  reader: { protocol: 'text', command: ['/bin/sh', '-c', 'while read line; do echo "read $line"; done'], input: true },
  deaf: { protocol: 'text', command: ['/bin/true'] },
};

const world = new World();
let server: Server;
let api: Api;
beforeAll(async () => {
  server = await world.server();
  api = server.api();
});
afterAll(() => world.close());

/** How often the agent has begun to wait for input. */
async function waits(id: string): Promise<number> {
  return (await api.log(id)).map(entryText).filter((text) => text === 'The agent waits for input.').length;
}

function waiting(id: string, times: number) {
  return untilTrue('the agent waits', async () => (await waits(id)) === times);
}

function finish(id: string) {
  return api.request('POST', `/api/tasks/${id}/finish`);
}

test('[R21] an interactive agent waits for input over restarts of daemon and server, until it is told to finish', async () => {
  const daemon = await world.onlineDaemon(server, { agents: AGENTS });
  const { id } = await api.createTask({
    agentType: 'talker',
    prompt: 'say one',
    interactive: true,
    hostId: daemon.hostId,
  });
  await waiting(id, 1);
  expect(await api.task(id)).toMatchObject({ status: 'running', interactive: true });
  await daemon.crash();
  await server.crash();
  await server.startAgain();
  expect(await api.input(id, 'say two')).toBe(202);
  daemon.startAgain();
  await waiting(id, 2);
  expect(await api.input(id, 'say three')).toBe(202);
  expect((await finish(id)).status).toBe(202);
  expect((await finish(id)).status).toBeOneOf([202, 409]);
  expect(await api.untilStatus(id, 'completed')).toMatchObject({ attempt: 1, result: { output: 'three' } });
  expect((await api.finishedLog(id)).map(entryText)).toEqual(expect.arrayContaining(['one', 'two', 'three']));
});

test('[R21] it is no idleness to wait, but nobody waits for ever: the last turn is the result', async () => {
  const daemon = await world.onlineDaemon(server, { agents: AGENTS });
  const body = {
    agentType: 'talker',
    prompt: 'say done',
    interactive: true,
    idleTimeout: 2_000,
    hostId: daemon.hostId,
  };
  const { id } = await api.createTask(body);
  expect(await api.untilStatus(id, 'completed')).toMatchObject({ result: { success: true, output: 'done' } });
  expect((await api.finishedLog(id)).map(entryText)).toContain('Nothing was sent for 2000 ms: the session ends.');
});

test('[R21] a program that reads stdin is finished by its end; one that takes no input is refused', async () => {
  const daemon = await world.onlineDaemon(server, { agents: AGENTS });
  const { hostId } = daemon;
  const { id } = await api.createTask({ agentType: 'reader', prompt: 'a', interactive: true, hostId });
  await api.untilStatus(id, 'running');
  await api.input(id, 'b');
  await finish(id);
  expect(await api.untilStatus(id, 'completed')).toMatchObject({ result: { output: 'read a\nread b\n' } });
  const deaf = await api.createTask({ agentType: 'deaf', prompt: 'a', interactive: true, hostId });
  expect((await api.untilStatus(deaf.id, 'failed')).error?.code).toBe('refused');
  const plain = await api.createTask({ agentType: 'reader', prompt: 'a', hostId });
  await api.untilStatus(plain.id, 'running');
  expect(await finish(plain.id)).toMatchObject({ status: 409, body: { error: { code: 'not_interactive' } } });
  await api.abort(plain.id);
});
