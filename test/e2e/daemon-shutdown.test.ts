import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Peer } from '../support/fake-server.ts';
import { FakeV2Server } from '../support/fake-v2-server.ts';
import { Child } from './harness/child.ts';
import type { Daemon } from './harness/daemon.ts';
import { REPOSITORY } from './harness/repository.ts';
import { untilTrue, within } from './harness/wait.ts';
import { World } from './harness/world.ts';

let world: World;
let server: FakeV2Server;

beforeEach(async () => {
  world = new World();
  server = await new FakeV2Server().listen();
});
afterEach(async () => {
  await world.close();
  await server.close();
});

function startDaemon(flags: string[] = [], env: Record<string, string> = {}): Daemon {
  return world.daemon({ serverUrl: server.url, hostId: 'host-1', token: 'secret-token-of-the-test', flags, env });
}

function execute(peer: Peer, taskId: string, prompt: string): void {
  const task = { taskId, prompt, cwd: '', agentType: 'script', timeout: 60_000 };
  peer.send({ type: 'task:execute', attempt: 1, task });
}

function agents(): unknown[] {
  return world.processes().filter(({ command }) => command.includes('script-agent'));
}

describe('a daemon that is told to end', () => {
  test('by default: exits 0, leaves the agent running, and the next daemon goes on with it', async () => {
    const daemon = startDaemon();
    const gate = join(daemon.cwd, 'go');
    const peer = await server.registered();
    execute(peer, 't1', `print begun\nwait ${gate}\nprint over`);
    await peer.take('task:events', 't1');
    expect(await daemon.stop()).toBe(0);
    expect(await peer.closed).toBe(1000);
    expect(agents()).toHaveLength(1);
    expect(readdirSync(daemon.stateDir).filter((name) => name.endsWith('.lock'))).toEqual([]);
    daemon.startAgain();
    const next = await server.registered();
    writeFileSync(gate, '');
    await next.take('task:completed', 't1');
    expect(server.stored('t1').contents).toEqual(['begun', 'over']);
  });

  test('a terminal that closes is the same', async () => {
    const daemon = startDaemon();
    await server.registered();
    expect(await daemon.child.stop('SIGHUP')).toEqual({ code: 0, signal: null });
    expect(readdirSync(daemon.stateDir).filter((name) => name.endsWith('.lock'))).toEqual([]);
  });

  test('--drain: refuses new tasks, waits for the agent, delivers its result, exits 0', async () => {
    const daemon = startDaemon(['--drain']);
    const gate = join(daemon.cwd, 'go');
    const peer = await server.registered();
    execute(peer, 't1', `print begun\nwait ${gate}`);
    await peer.take('task:events', 't1');
    const stopped = daemon.stop();
    await daemon.child.lines.take('that it waits', (line) => line.includes('waiting for'));
    execute(peer, 't2', 'print never');
    expect(await peer.take('task:refused', 't2')).toMatchObject({ reason: 'draining' });
    writeFileSync(gate, '');
    expect(await stopped).toBe(0);
    expect(server.stored('t1').end).toMatchObject({ type: 'task:completed' });
  });

  test('--abort-on-exit: ends the agent, delivers its result, exits 0', async () => {
    const daemon = startDaemon(['--abort-on-exit']);
    const peer = await server.registered();
    execute(peer, 't1', 'print begun\nsleep 600000');
    await peer.take('task:events', 't1');
    expect(await daemon.stop()).toBe(0);
    expect(server.stored('t1').end).toMatchObject({ type: 'task:failed' });
    expect(agents()).toEqual([]);
  });

  test("run by npm, which hands on a terminal's signal: the copy is no second one", async () => {
    const daemon = startDaemon(['--abort-on-exit'], { npm_lifecycle_event: 'gateway' });
    const peer = await server.registered();
    execute(peer, 't1', 'print begun\nsleep 600000');
    await peer.take('task:events', 't1');
    process.kill(daemon.child.pid, 'SIGINT');
    expect(await daemon.stop()).toBe(0);
    expect(server.stored('t1').end).toMatchObject({ type: 'task:failed' });
  });

  test('a second signal ends it at once', async () => {
    const daemon = startDaemon(['--drain']);
    const peer = await server.registered();
    execute(peer, 't1', 'print begun\nsleep 600000');
    await peer.take('task:events', 't1');
    process.kill(daemon.child.pid, 'SIGTERM');
    await daemon.child.lines.take('that it waits', (line) => line.includes('waiting for'));
    expect(await daemon.stop()).toBe(0);
    expect(agents()).toHaveLength(1);
  });

  test('a second daemon on the same state directory is refused; one that was killed is not in the way', async () => {
    const daemon = startDaemon();
    await server.registered();
    const second = new Child({
      command: [
        process.execPath,
        'gateway/main.ts',
        '--server-url',
        server.url,
        '--auth-token',
        'x',
        '--cwd',
        daemon.cwd,
      ],
      cwd: REPOSITORY,
      env: { PATH: '/usr/bin:/bin', HOME: world.home, GATEWAY_STATE_DIR: daemon.stateDir },
    });
    expect(await within('exit of the second', second.exited)).toMatchObject({ code: 2 });
    expect(second.output()).toContain(`another daemon (pid ${daemon.child.pid})`);
    await daemon.crash();
    daemon.startAgain();
    await server.registered();
    await untilTrue(
      'one lock',
      () => readdirSync(daemon.stateDir).filter((name) => name.endsWith('.lock')).length === 1,
    );
  });
});
