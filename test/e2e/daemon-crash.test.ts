import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Peer } from '../support/fake-server.ts';
import { FakeV2Server } from '../support/fake-v2-server.ts';
import type { Daemon } from './harness/daemon.ts';
import { isAlive, killQuietly } from './harness/proc.ts';
import { until, untilTrue } from './harness/wait.ts';
import { World } from './harness/world.ts';

let world: World;
let server: FakeV2Server;
let daemon: Daemon;

beforeEach(async () => {
  world = new World();
  server = await new FakeV2Server().listen();
  daemon = world.daemon({ serverUrl: server.url, hostId: 'host-1', token: 'secret-token-of-the-test' });
});
afterEach(async () => {
  await world.close();
  await server.close();
});

function execute(peer: Peer, taskId: string, prompt: string): void {
  const task = { taskId, prompt, cwd: '', agentType: 'script', timeout: 60_000 };
  peer.send({ type: 'task:execute', attempt: 1, task });
}

/** Lines one after another for a second or so. */
function countdown(lines: number): string {
  return Array.from({ length: lines }, (_, index) => `print line ${index + 1}\nsleep 20`).join('\n');
}

function lines(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `line ${index + 1}`);
}

function supervisorPid(run: string): number | undefined {
  try {
    const text = readFileSync(join(daemon.stateDir, 'runs', run, 'supervisor.json'), 'utf8');
    return z.looseObject({ pid: z.int() }).parse(JSON.parse(text)).pid;
  } catch {
    return undefined;
  }
}

describe('what a daemon owes survives', () => {
  test('[L3] [L4] kill -9 of the daemon, again and again while the agent runs: every event once, and the result', async () => {
    execute(await server.registered(), 't1', countdown(120));
    for (const after of [1, 15, 40, 70]) {
      await untilTrue(`${after} events`, () => server.stored('t1').contents.length >= after);
      await daemon.crash();
      daemon.startAgain();
      await server.registered();
    }
    await until('the end', () => server.stored('t1').end ?? undefined);
    expect(server.stored('t1').contents).toEqual(lines(120));
    expect(server.stored('t1').end).toMatchObject({ type: 'task:completed', attempt: 1, seq: 120 });
    await untilTrue('the run is forgotten', () => readdirSync(join(daemon.stateDir, 'runs')).length === 0);
  });

  test('[L4] an agent that ends while no daemon runs has its result delivered by the next', async () => {
    const gate = join(daemon.cwd, 'go');
    const peer = await server.registered();
    execute(peer, 't1', `print before\nwait ${gate}\nprint after`);
    await peer.take('task:events', 't1');
    await daemon.crash();
    writeFileSync(gate, '');
    await untilTrue('the result is on disk', () =>
      readdirSync(join(daemon.stateDir, 'runs/t1.1')).includes('result.json'),
    );
    daemon.startAgain();
    const next = await server.peers.take('a connection', () => true);
    const register = await next.take('register');
    expect(register.runs).toEqual([{ taskId: 't1', attempt: 1, lastSeq: 2, finished: true }]);
    await next.take('task:completed', 't1');
    expect(server.stored('t1').contents).toEqual(['before', 'after']);
  });

  test('[L8] a lost connection: the agent goes on, and what it says meanwhile follows', async () => {
    const peer = await server.registered();
    execute(peer, 't1', countdown(100));
    await untilTrue('some events', () => server.stored('t1').contents.length > 5);
    peer.socket.terminate();
    const next = await server.registered();
    expect(await next.take('task:started', 't1')).toMatchObject({ attempt: 1 });
    await next.take('task:completed', 't1');
    expect(server.stored('t1').contents).toEqual(lines(100));
  });

  test('[L4] a server that forgot acknowledged events gets them again', async () => {
    const peer = await server.registered();
    execute(peer, 't1', countdown(60));
    await untilTrue('some events', () => server.stored('t1').contents.length > 20);
    server.stored('t1').contents.splice(3);
    await peer.take('task:completed', 't1');
    expect(server.stored('t1').contents).toEqual(lines(60));
  });

  test('[L4] a supervisor killed with its agent becomes a failed task, and nothing of it is left', async () => {
    const peer = await server.registered();
    execute(peer, 't1', 'print begun\nsleep 600000');
    await peer.take('task:events', 't1');
    const pid = supervisorPid('t1.1') ?? 0;
    expect(isAlive(pid)).toBe(true);
    killQuietly(pid, 'SIGKILL');
    expect(await peer.take('task:failed', 't1')).toMatchObject({ code: 'agent_crashed', seq: 1 });
    const left = () => world.processes().filter(({ command }) => command.includes('script-agent'));
    expect(left()).toEqual([]);
  });

  test('[L7] runs from before a restart count', async () => {
    const gate = join(daemon.cwd, 'go');
    const peer = await server.registered();
    execute(peer, 't1', `wait ${gate}`);
    execute(peer, 't2', `wait ${gate}`);
    await peer.take('task:started', 't1');
    await peer.take('task:started', 't2');
    await daemon.crash();
    daemon.startAgain();
    const next = await server.registered();
    execute(next, 't3', 'print never');
    expect(await next.take('task:refused', 't3')).toMatchObject({ reason: 'full' });
    writeFileSync(gate, '');
    await next.take('task:completed', 't1');
    await next.take('task:completed', 't2');
  });

  test('[R4] verdict stop: the agent is ended and only the late result is sent', async () => {
    const peer = await server.registered();
    execute(peer, 't1', 'print begun\nsleep 600000');
    await untilTrue('the event is stored', () => server.stored('t1').contents.length === 1);
    server.verdict = 'stop';
    peer.socket.terminate();
    const next = await server.registered();
    await next.take('task:failed', 't1');
    expect(next.frames.all.map(({ type }) => type).filter((type) => type.startsWith('task:'))).toEqual(['task:failed']);
    await untilTrue('the run is forgotten', () => readdirSync(join(daemon.stateDir, 'runs')).length === 0);
  });

  test('[R4] verdict settled: the agent is ended and the run forgotten without a word', async () => {
    const peer = await server.registered();
    execute(peer, 't1', 'print begun\nsleep 600000');
    await peer.take('task:events', 't1');
    const pid = supervisorPid('t1.1') ?? 0;
    server.verdict = 'settled';
    peer.socket.terminate();
    const next = await server.registered();
    await untilTrue('the run is forgotten', () => readdirSync(join(daemon.stateDir, 'runs')).length === 0);
    await untilTrue('the supervisor has ended', () => !isAlive(pid));
    expect(next.frames.all.filter(({ type }) => type.startsWith('task:'))).toEqual([]);
  });

  test('a run superseded in the middle is ended and forgotten', async () => {
    const peer = await server.registered();
    execute(peer, 't1', 'print begun\nsleep 600000');
    await peer.take('task:events', 't1');
    peer.send({ type: 'task:settled', taskId: 't1', attempt: 1, outcome: 'superseded' });
    await untilTrue('the run is forgotten', () => readdirSync(join(daemon.stateDir, 'runs')).length === 0);
    expect(peer.ofType('task:failed')).toEqual([]);
  });

  test('retry: the end is sent again after the time asked for', async () => {
    const peer = await server.registered();
    server.answering = false;
    execute(peer, 't1', 'exit 0');
    await peer.take('task:completed', 't1');
    peer.send({ type: 'task:settled', taskId: 't1', attempt: 1, outcome: 'retry', retryAfter: 300 });
    const asked = performance.now();
    server.answering = true;
    await peer.take('task:completed', 't1');
    expect(performance.now() - asked).toBeGreaterThan(250);
    await untilTrue('the run is forgotten', () => readdirSync(join(daemon.stateDir, 'runs')).length === 0);
  });
});
