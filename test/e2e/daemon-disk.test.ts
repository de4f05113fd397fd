import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Peer } from '../support/fake-server.ts';
import { FakeV2Server } from '../support/fake-v2-server.ts';
import type { Daemon } from './harness/daemon.ts';
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
  const task = { taskId: 't1', prompt: 'print begun\nsleep 600000', cwd: '', agentType: 'script', timeout: 600_000 };
  peer.send({ type: 'task:execute', attempt: 1, task });
  await peer.take('task:events', 't1');
});
afterEach(async () => {
  await world.close();
  await server.close();
});

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

  test('[L5] ends the agent of a run whose directory somebody removed', async () => {
    rmSync(run(), { recursive: true });
    await untilTrue('the agent has ended', () => agents().length === 0);
  });
});
