import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Peer } from '../support/fake-server.ts';
import { FakeV2Server } from '../support/fake-v2-server.ts';
import type { Daemon } from './harness/daemon.ts';
import { untilTrue } from './harness/wait.ts';
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

function startDaemon(options: { maxConcurrent?: number; env?: Record<string, string> } = {}): Daemon {
  return world.daemon({ serverUrl: server.url, hostId: 'host-1', token: 'secret-token-of-the-test', ...options });
}

function execute(peer: Peer, taskId: string, prompt: string, extra: Record<string, unknown> = {}, attempt = 1): void {
  peer.send({
    type: 'task:execute',
    attempt,
    task: { taskId, prompt, cwd: '', agentType: 'script', timeout: 60_000, ...extra },
  });
}

function runsOf(daemon: Daemon): string[] {
  const runs = join(daemon.stateDir, 'runs');
  return existsSync(runs) ? readdirSync(runs) : [];
}

describe('a daemon of a version-2 server', () => {
  test('says started first, then events in order, then the result, and forgets the run when it is settled', async () => {
    const daemon = startDaemon();
    const peer = await server.registered();
    execute(peer, 't1', 'count 2500\nprint done');
    const started = await peer.take('task:started', 't1');
    expect(started).toMatchObject({ taskId: 't1', attempt: 1, sessionId: '' });
    const end = await peer.take('task:completed', 't1');
    expect(end).toMatchObject({ attempt: 1, seq: 2501, result: { success: true, exitCode: 0 } });
    const expected = [...Array.from({ length: 2500 }, (_, index) => `line ${index + 1}`), 'done'];
    expect(server.stored('t1').contents).toEqual(expected);
    const types = peer.frames.all.map(({ type }) => type);
    expect(types.indexOf('task:started')).toBeLessThan(types.indexOf('task:events'));
    await untilTrue('the run directory is gone', () => runsOf(daemon).length === 0);
  });

  test('[C5] a failing agent gives its exit code and stderr', async () => {
    startDaemon();
    const peer = await server.registered();
    execute(peer, 't1', 'error it broke\nexit 3');
    const end = await peer.take('task:failed', 't1');
    expect(end).toMatchObject({ code: 'agent_failed', result: { success: false, exitCode: 3 } });
    expect(JSON.stringify(end.details)).toContain('it broke');
  });

  test('[L2] the same execute twice is answered twice and run once', async () => {
    const daemon = startDaemon();
    const peer = await server.registered();
    const gate = join(daemon.cwd, 'go');
    execute(peer, 't1', `print once\nwait ${gate}`);
    await peer.take('task:started', 't1');
    execute(peer, 't1', `print once\nwait ${gate}`);
    await peer.take('task:started', 't1');
    writeFileSync(gate, '');
    await peer.take('task:completed', 't1');
    expect(server.stored('t1').contents).toEqual(['once']);
  });

  test('[L7] runs no more than maxConcurrent and refuses the rest as full', async () => {
    const daemon = startDaemon({ maxConcurrent: 1 });
    const peer = await server.registered();
    const gate = join(daemon.cwd, 'go');
    execute(peer, 't1', `wait ${gate}`);
    // Each task has a lane of its own: sent together, either could be the first.
    await peer.take('task:started', 't1');
    execute(peer, 't2', 'print never');
    expect(await peer.take('task:refused', 't2')).toMatchObject({ attempt: 1, reason: 'full' });
    writeFileSync(gate, '');
    await peer.take('task:completed', 't1');
    execute(peer, 't2', 'print yes', {}, 2);
    await peer.take('task:completed', 't2');
  });

  test('[L9] refuses what the owner does not allow, and tells no path', async () => {
    startDaemon();
    const peer = await server.registered();
    execute(peer, 'outside', 'print x', { cwd: '/etc' });
    execute(peer, 'missing', 'print x', { cwd: 'no-such-place' });
    execute(peer, 'agent', 'print x', { agentType: 'rm' });
    execute(peer, 'variable', 'print x', { env: { LD_PRELOAD: '/tmp/evil.so' } });
    for (const [taskId, reason] of [
      ['outside', 'directory'],
      ['missing', 'directory'],
      ['agent', 'agent'],
      ['variable', 'environment'],
    ]) {
      const refused = await peer.take('task:refused', taskId);
      expect(refused).toMatchObject({ attempt: 1, reason });
      expect(refused.message).not.toMatch(/\//);
    }
  });

  test('[C5] the agent gets the allowed environment and nothing of the gateway', async () => {
    startDaemon({ env: { GATEWAY_PASS_ENV: 'MINE_*', MINE_A: 'passed', OTHER: 'kept back', OPENAI_API_KEY: 'key' } });
    const peer = await server.registered();
    const names = ['MINE_A', 'OTHER', 'OPENAI_API_KEY', 'GATEWAY_AUTH_TOKEN', 'CI', 'NO_COLOR', 'TERM', 'ASKED'];
    execute(peer, 't1', names.map((name) => `env ${name}`).join('\n'), { env: { ASKED: 'for', NO_COLOR: '0' } });
    await peer.take('task:completed', 't1');
    expect(server.stored('t1').contents).toEqual([
      'MINE_A=passed',
      'OTHER=(unset)',
      'OPENAI_API_KEY=key',
      'GATEWAY_AUTH_TOKEN=(unset)',
      'CI=1',
      'NO_COLOR=0',
      'TERM=dumb',
      'ASKED=for',
    ]);
  });

  test('an abort ends the agent, and the end says so', async () => {
    startDaemon();
    const peer = await server.registered();
    execute(peer, 't1', 'print begun\nsleep 600000');
    await peer.take('task:events', 't1');
    peer.send({ type: 'task:abort', taskId: 't1', attempt: 1 });
    expect(await peer.take('task:failed', 't1')).toMatchObject({ code: 'aborted' });
  });

  test('input reaches the agent once, however often it is sent', async () => {
    startDaemon();
    const peer = await server.registered();
    execute(peer, 't1', 'print begun', { agentType: 'chat' });
    await peer.take('task:events', 't1');
    const input = { type: 'task:input', taskId: 't1', attempt: 1, inputId: 'i1', content: 'hello' };
    peer.send(input);
    peer.send(input);
    expect(await peer.take('input:ack', 't1')).toMatchObject({ attempt: 1, inputId: 'i1' });
    await peer.take('input:ack', 't1');
    peer.send({ ...input, inputId: 'i2', content: 'exit 0' });
    await peer.take('task:completed', 't1');
    expect(server.stored('t1').contents).toEqual(['begun', 'got hello']);
  });
});
