import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isAlive } from '../../e2e/harness/proc.ts';
import { pidsIn } from '../../e2e/harness/tree.ts';
import { untilTrue } from '../../e2e/harness/wait.ts';
import type { UpFrame, UpOf } from './frames.ts';
import { useRig } from './rig.ts';
import type { Connection } from './server.ts';

const rig = useRig();

/** A task of the scripted agent, its commands one a line. */
function script(taskId: string, cwd: string, commands: string[], more: Record<string, unknown> = {}) {
  return { taskId, cwd, agentType: 'script', prompt: commands.join('\n'), timeout: 600_000, ...more };
}

type End = UpOf<'task:completed'> | UpOf<'task:failed'>;

function ended(connection: Connection, taskId: string): Promise<End> {
  const isEnd = (frame: UpFrame): frame is End =>
    (frame.type === 'task:completed' || frame.type === 'task:failed') && frame.taskId === taskId;
  return connection.inbox.take(`end of ${taskId}`, isEnd);
}

describe('[C1] our daemon with a version-1 server', () => {
  test('upgrade and register say who it is', async () => {
    const daemon = rig.daemon({
      maxConcurrent: 3,
      token: 'tok-123',
      env: { GATEWAY_LABELS: 'os=linux,gpu=h100', GATEWAY_HOST_NAME: 'build box' },
    });
    const attempt = await rig.server.attempt();
    expect(attempt).toMatchObject({ path: '/agent/ws', hostId: daemon.hostId, authorization: 'Bearer tok-123' });
    const connection = await rig.server.connection();
    const register = await connection.next('register');
    expect(register.hostId).toBe(daemon.hostId);
    expect(register.capabilities).toMatchObject({
      name: 'build box',
      maxConcurrent: 3,
      cwd: daemon.cwd,
      labels: { os: 'linux', gpu: 'h100' },
    });
    expect(register.capabilities.agents.toSorted()).toEqual(expect.arrayContaining(['chat', 'script']));
  });

  test('answers each ping with a heartbeat', async () => {
    rig.daemon();
    const connection = await rig.server.registered();
    for (let index = 0; index < 3; index += 1) {
      connection.send({ type: 'ping' });
      expect((await connection.next('heartbeat')).timestamp).toEqual(expect.any(Number));
    }
  });

  test('config:update changes the rate of heartbeats', async () => {
    rig.daemon();
    const connection = await rig.server.registered();
    connection.send({ type: 'config:update', config: { heartbeatInterval: 1000 } });
    // With the default of 30 s two beats would not come within the deadline.
    await connection.next('heartbeat');
    await connection.next('heartbeat');
    await connection.next('heartbeat');
  });

  test('unknown frames and fields are ignored', async () => {
    rig.daemon();
    const connection = await rig.server.registered();
    connection.send({ type: 'surprise', value: 1 });
    connection.send({ type: 'ping', mood: 'good' });
    await connection.next('heartbeat');
  });

  test('runs a task: started, events, completed', async () => {
    const daemon = rig.daemon();
    const connection = await rig.server.registered();
    connection.execute(script('t1', daemon.cwd, ['print hello', 'error oops', 'cwd', 'print über 雪']));
    await connection.next('task:started', 't1');
    const end = await ended(connection, 't1');
    expect(end).toMatchObject({ type: 'task:completed', result: { success: true, exitCode: 0 } });
    if (end.type !== 'task:completed') throw new Error('not completed');
    expect(end.result.duration).toBeGreaterThan(0);
    expect(end.result.output).toContain('hello');
    const events = connection.inbox.all.flatMap((frame) => (frame.type === 'task:event' ? [frame.event] : []));
    const stdout = events.filter((event) => JSON.stringify(event.data ?? {}).includes('stderr') === false);
    expect(stdout).toMatchObject([
      { type: 'log', content: 'hello' },
      { type: 'log', content: daemon.cwd },
      { type: 'log', content: 'über 雪' },
    ]);
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'log', content: 'oops', data: expect.objectContaining({ stream: 'stderr' }) }),
    );
    const types = connection.inbox.all.map((frame) => frame.type);
    expect(types.indexOf('task:started')).toBeLessThan(types.indexOf('task:event'));
    expect(types.lastIndexOf('task:event')).toBeLessThan(types.indexOf('task:completed'));
  });

  test('an agent that fails: its exit code or its stderr is told', async () => {
    const daemon = rig.daemon();
    const connection = await rig.server.registered();
    connection.execute(script('bad', daemon.cwd, ['print trying', 'error it broke badly', 'exit 3']));
    const end = await ended(connection, 'bad');
    if (end.type === 'task:completed') expect(end.result).toMatchObject({ success: false, exitCode: 3 });
    else expect(JSON.stringify(end.details)).toContain('it broke badly');
  });

  test('an agent that it does not have: task:failed', async () => {
    const daemon = rig.daemon();
    const connection = await rig.server.registered();
    connection.execute({ ...script('none', daemon.cwd, []), agentType: 'no-such-agent', prompt: 'p' });
    expect(await ended(connection, 'none')).toMatchObject({ type: 'task:failed' });
    connection.execute(script('next', daemon.cwd, ['print fine']));
    expect(await ended(connection, 'next')).toMatchObject({ type: 'task:completed' });
  });

  test("the task's environment reaches the agent, the gateway's own does not", async () => {
    const daemon = rig.daemon();
    const connection = await rig.server.registered();
    const commands = ['env COLOUR', 'env GATEWAY_AUTH_TOKEN', 'env CI'];
    connection.execute(script('env', daemon.cwd, commands, { env: { COLOUR: 'blue' } }));
    await ended(connection, 'env');
    expect(connection.texts('env')).toEqual(['COLOUR=blue', 'GATEWAY_AUTH_TOKEN=(unset)', 'CI=1']);
  });

  test('input reaches a program that keeps reading, with a newline', async () => {
    const daemon = rig.daemon();
    const connection = await rig.server.registered();
    connection.execute({ ...script('chat', daemon.cwd, ['print ready', '']), agentType: 'chat' });
    await connection.inbox.take('ready', (frame) => frame.type === 'task:event' && frame.event.content === 'ready');
    connection.send({ type: 'task:input', taskId: 'chat', content: 'print heard' });
    await connection.inbox.take('heard', (frame) => frame.type === 'task:event' && frame.event.content === 'heard');
    connection.send({ type: 'task:input', taskId: 'chat', content: 'exit 0' });
    expect(await ended(connection, 'chat')).toMatchObject({ type: 'task:completed', result: { success: true } });
  });

  test('[L5] abort ends the whole tree and says so', async () => {
    const daemon = rig.daemon();
    const connection = await rig.server.registered();
    const dir = join(rig.world.dir, 'abort-tree');
    connection.execute(script('tree', daemon.cwd, [`tree ${dir}`]));
    const pids = await pidsIn(dir);
    connection.send({ type: 'task:abort', taskId: 'tree' });
    expect(await ended(connection, 'tree')).toMatchObject({ type: 'task:failed' });
    await untilTrue('the whole tree is gone', () => !pids.some(isAlive));
  });

  test('[L5] past its time limit: task:failed, and the tree is gone', async () => {
    const daemon = rig.daemon();
    const connection = await rig.server.registered();
    const dir = join(rig.world.dir, 'timeout-tree');
    connection.execute(script('slow', daemon.cwd, [`tree ${dir}`], { timeout: 3_000 }));
    const pids = await pidsIn(dir);
    expect(await ended(connection, 'slow')).toMatchObject({ type: 'task:failed' });
    await untilTrue('the whole tree is gone', () => !pids.some(isAlive));
  });

  test('a directory outside the allowed roots: task:failed, nothing runs', async () => {
    rig.daemon();
    const connection = await rig.server.registered();
    const file = join(rig.world.dir, 'must-not-exist');
    connection.execute(script('outside', rig.world.home, [`touch ${file}`]));
    expect(await ended(connection, 'outside')).toMatchObject({ type: 'task:failed' });
    expect(existsSync(file)).toBe(false);
  });
});
