import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Peer } from '../support/fake-server.ts';
import { FakeV2Server } from '../support/fake-v2-server.ts';
import type { Daemon } from './harness/daemon.ts';
import { isAlive, killQuietly } from './harness/proc.ts';
import { untilTrue } from './harness/wait.ts';
import { World } from './harness/world.ts';

let world: World;
let server: FakeV2Server;
let daemon: Daemon;
let peer: Peer;

/** Its agent runs, and stays. */
beforeEach(async () => {
  world = new World();
  server = await new FakeV2Server().listen();
  daemon = world.daemon({ serverUrl: server.url, hostId: 'host-1', token: 'secret-token-of-the-test' });
  peer = await server.registered();
  execute(peer, 't1', 'print begun\nsleep 600000');
  await peer.take('task:events', 't1');
});
afterEach(async () => {
  await world.close();
  await server.close();
});

function execute(to: Peer, taskId: string, prompt: string): void {
  const task = { taskId, prompt, cwd: '', agentType: 'script', timeout: 600_000 };
  to.send({ type: 'task:execute', attempt: 1, task });
}

function run(file = ''): string {
  return join(daemon.stateDir, 'runs/t1.1', file);
}

/** A directory in its place: whoever runs this, root included, cannot write the file. */
function block(file: string): void {
  rmSync(run(file), { force: true });
  mkdirSync(run(file));
}

function agents(): unknown[] {
  return world.processes().filter(({ command }) => command.includes('script-agent'));
}

describe('a daemon whose disk fails it', () => {
  test('[L5] still ends an agent that is aborted', async () => {
    block('control.jsonl');
    peer.send({ type: 'task:abort', taskId: 't1', attempt: 1 });
    await peer.take('task:failed', 't1');
    expect(agents()).toEqual([]);
  });

  test('[L5] still ends and forgets a run that is superseded', async () => {
    block('settled.json');
    peer.send({ type: 'task:settled', taskId: 't1', attempt: 1, outcome: 'superseded' });
    await untilTrue('the run is forgotten', () => !existsSync(run()));
    expect(agents()).toEqual([]);
  });

  test('[L1] [L5] ends the agent of a run whose directory somebody removed, and reports it', async () => {
    rmSync(run(), { recursive: true });
    expect(await peer.take('task:failed', 't1')).toMatchObject({
      code: 'agent_crashed',
      error: expect.stringContaining('removed'),
    });
    expect(agents()).toEqual([]);
    expect(daemon.child.output()).toContain(`${run()} was removed while its agent ran`);
    peer.send({ type: 'task:settled', taskId: 't1', attempt: 1, outcome: 'committed' });
    execute(peer, 't2', 'print fine');
    await peer.take('task:completed', 't2');
  });

  test('[L1] [L5] the same of an agent that never is quiet, whose directory was moved away', async () => {
    execute(peer, 't2', 'drip 1000000');
    await peer.take('task:events', 't2');
    renameSync(join(daemon.stateDir, 'runs/t2.1'), join(daemon.stateDir, 'moved'));
    peer.send({ type: 'task:abort', taskId: 't2', attempt: 1 });
    await peer.take('task:failed', 't2');
    expect(agents()).toHaveLength(1);
  });

  test('[L5] an agent whose directory goes while no daemon is there is ended by its supervisor', async () => {
    await daemon.crash();
    rmSync(run(), { recursive: true });
    await untilTrue('the agent has ended', () => agents().length === 0);
  });
});

/** Ends the run's supervisor as a machine out of memory would; the agent goes on. */
async function killSupervisor(): Promise<void> {
  const { pid } = z.looseObject({ pid: z.int() }).parse(JSON.parse(readFileSync(run('supervisor.json'), 'utf8')));
  killQuietly(pid, 'SIGKILL');
  await untilTrue('the supervisor has ended', () => !isAlive(pid));
}

const corrupt = (file: string) => writeFileSync(run(file), '{"lastSeq":');

describe('a run with a damaged file, found by the next daemon', () => {
  beforeEach(() => daemon.crash());

  /** What the next daemon says of the run at once; another task then runs as if nothing were. */
  async function restart(): Promise<Peer> {
    daemon.startAgain();
    const next = await server.peers.take('a connection', () => true);
    expect((await next.take('register')).runs).toMatchObject([{ taskId: 't1', attempt: 1 }]);
    execute(next, 't2', 'print fine');
    await next.take('task:completed', 't2');
    return next;
  }

  test.each([
    ['corrupt', corrupt, 'is corrupt: restore it'],
    ['no file', block, 'is not a file: move away'],
  ])('[L4] [L5] result.json is %s and its supervisor is gone: the task ends as crashed', async (_what, damage, fix) => {
    await killSupervisor();
    damage('result.json');
    const next = await restart();
    const end = await next.take('task:failed', 't1');
    expect(end).toMatchObject({ code: 'agent_crashed', seq: 1, error: expect.stringContaining('result.json') });
    expect(JSON.stringify(end)).not.toContain(daemon.stateDir);
    expect(agents()).toEqual([]);
    expect(daemon.child.output()).toContain(`${run('result.json')} ${fix}`);
  });

  test('[L5] request.json is corrupt and its supervisor is gone: what it started is ended, the task as crashed', async () => {
    await killSupervisor();
    corrupt('request.json');
    const next = await restart();
    expect(await next.take('task:failed', 't1')).toMatchObject({
      code: 'agent_crashed',
      error: expect.stringContaining('request.json'),
    });
    expect(agents()).toEqual([]);
    expect(daemon.child.output()).toContain(`${run('request.json')} is corrupt`);
  });

  test('[L4] request.json is corrupt, session.json is no file: a living run goes on to its own end', async () => {
    corrupt('request.json');
    block('session.json');
    const next = await restart();
    next.send({ type: 'task:abort', taskId: 't1', attempt: 1 });
    expect(await next.take('task:failed', 't1')).toMatchObject({ code: 'aborted' });
  });

  test('[L4] events.jsonl is no file: what is missing says so in its place, and the result follows', async () => {
    block('events.jsonl');
    server.stored('t1').contents.splice(0);
    const next = await restart();
    next.send({ type: 'task:abort', taskId: 't1', attempt: 1 });
    expect(await next.take('task:failed', 't1')).toMatchObject({ code: 'aborted', seq: 1 });
    expect(server.stored('t1').contents).toEqual(['This event was damaged on the disk of its host.']);
    expect(daemon.child.output()).toContain(`${run('events.jsonl')} is not a file`);
  });
});
