import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Api } from './harness/api.ts';
import type { Daemon } from './harness/daemon.ts';
import { isAlive, killQuietly } from './harness/proc.ts';
import type { Server } from './harness/server.ts';
import { untilTrue } from './harness/wait.ts';
import { World } from './harness/world.ts';

const AGENT = fileURLToPath(new URL('../support/acp-agent.ts', import.meta.url));
const AGENTS = { talker: { protocol: 'acp', command: [process.execPath, AGENT] } };

const world = new World();
let server: Server;
let api: Api;
beforeAll(async () => {
  server = await world.server();
  api = server.api();
});
afterAll(() => world.close());

function warmDaemon(warm: string): Promise<Daemon> {
  return world.onlineDaemon(server, { agents: AGENTS, env: { GATEWAY_WARM: warm }, maxConcurrent: 4 });
}

/** The task's end, and the pid of the agent that ran it. */
async function ran(daemon: Daemon, more: Record<string, unknown> = {}, prompt = '') {
  const place = 'continueTask' in more ? {} : { agentType: 'talker', hostId: daemon.hostId };
  const { id } = await api.createTask({ prompt: `who${prompt}`, ...place, ...more });
  const task = await api.untilStatus(id, 'completed');
  return { id, task, pid: Number(task.result?.output) };
}

/** How many agents of the host are free. */
function free(daemon: Daemon): number {
  const warm = join(daemon.stateDir, 'warm');
  const marks = existsSync(warm) ? readdirSync(warm) : [];
  return marks.filter((mark) => existsSync(join(warm, mark, 'free/agent.json'))).length;
}

function becomesFree(daemon: Daemon, count = 1) {
  return untilTrue(`${count} agents are free`, () => free(daemon) === count);
}

test('[R22] a kept agent takes the next task, in a session of its own or the one that goes on, and one task at a time', async () => {
  const daemon = await warmDaemon('2:5');
  const first = await ran(daemon);
  await becomesFree(daemon);
  const second = await ran(daemon);
  expect(second).toMatchObject({ pid: first.pid, task: { sessionId: 'acp-session-2' } });
  expect(second.task.result).not.toHaveProperty('exitCode');
  await becomesFree(daemon);
  const follow = await ran(daemon, { continueTask: first.id });
  expect(follow).toMatchObject({ pid: first.pid, task: { sessionId: 'acp-session-1' } });
  await becomesFree(daemon);
  const both = await Promise.all([ran(daemon, {}, '\nwait both'), ran(daemon, {}, '\ntouch both')]);
  expect(new Set(both.map(({ pid }) => pid)).size).toBe(2);
  // Another kind of task gets another agent.
  expect((await ran(daemon, { env: { OTHER: '1' } })).pid).not.toBe(first.pid);
});

test('[R22] what a task started is ended with it, and the agent with the daemon', async () => {
  const daemon = await warmDaemon('1');
  const file = join(world.directory('spawned'), 'pid');
  const { pid } = await ran(daemon, {}, `\nspawn ${file}\nwait ${file}`);
  await becomesFree(daemon);
  expect(isAlive(Number(readFileSync(file, 'utf8')))).toBe(false);
  expect(isAlive(pid)).toBe(true);
  // A next daemon finds it, one that is killed leaves it.
  await daemon.crash();
  daemon.startAgain();
  expect((await ran(daemon)).pid).toBe(pid);
  await becomesFree(daemon);
  await daemon.stop();
  expect(isAlive(pid)).toBe(false);
  expect(readdirSync(join(daemon.stateDir, 'warm'))).toEqual([]);
});

test('[R22] [L5] an aborted task ends its agent; more free ones than are wanted end, and one that dies is not missed', async () => {
  const daemon = await warmDaemon('1');
  const { pid } = await ran(daemon);
  await becomesFree(daemon);
  const { id } = await api.createTask({ prompt: 'stall', agentType: 'talker', hostId: daemon.hostId });
  await api.untilTask('the agent is at work', id, ({ sessionId }) => sessionId !== undefined);
  await api.abort(id);
  await api.untilStatus(id, 'aborted');
  expect(isAlive(pid)).toBe(false);
  const one = await ran(daemon);
  await becomesFree(daemon);
  const other = await ran(daemon, { env: { OTHER: '1' } });
  await untilTrue('the older one has ended', () => !isAlive(one.pid));
  await becomesFree(daemon);
  killQuietly(other.pid, 'SIGKILL');
  await becomesFree(daemon, 0);
  expect((await ran(daemon)).pid).not.toBe(other.pid);
});
