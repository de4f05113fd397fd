import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { untilTrue, within } from '../../e2e/harness/wait.ts';
import { useRig } from './rig.ts';
import { type Connection, V1Server } from './server.ts';

const rig = useRig();

/** The contract's backoff starts at 1 s and doubles, each ±25 %: the shortest waits that it allows. */
const SHORTEST_WAITS_MS = [750, 1_500];

async function expectBackoff(from: number): Promise<void> {
  let previous = from;
  for (const wait of SHORTEST_WAITS_MS) {
    const { at } = await rig.server.attempt();
    expect(at - previous).toBeGreaterThanOrEqual(wait);
    previous = at;
  }
}

function completedOf(connection: Connection, taskId: string) {
  return connection.inbox.all.filter((frame) => frame.type === 'task:completed' && frame.taskId === taskId);
}

describe('[C1] reconnecting', () => {
  test('a lost connection: again after a second, and it registers anew', async () => {
    rig.daemon();
    const first = await rig.server.registered();
    await rig.server.attempt();
    const lostAt = Date.now();
    first.cut();
    const { at } = await rig.server.attempt();
    expect(at - lostAt).toBeGreaterThanOrEqual(SHORTEST_WAITS_MS[0] ?? 0);
    const second = await rig.server.registered();
    second.send({ type: 'ping' });
    await second.next('heartbeat');
  });

  test.each([429, 503])('%i backs off like a lost connection, then connects', async (status) => {
    rig.server.answer = status;
    rig.daemon();
    const { at } = await rig.server.attempt();
    await expectBackoff(at);
    rig.server.answer = 101;
    const connection = await rig.server.registered();
    connection.send({ type: 'ping' });
    await connection.next('heartbeat');
  });

  test('a server that is not there yet: the daemon waits for it', async () => {
    const { port } = rig.server;
    await rig.server.stop();
    rig.daemon();
    const late = await V1Server.start(port);
    try {
      const connection = await late.registered();
      connection.send({ type: 'ping' });
      await connection.next('heartbeat');
    } finally {
      await late.stop();
    }
  });
});

describe('[C1] authentication refused: code 77, one line, no reconnect', () => {
  test.each([401, 403])('%i at the upgrade', async (status) => {
    rig.server.answer = status;
    const daemon = rig.daemon();
    const exit = await within('exit of the daemon', daemon.child.exited);
    expect(exit.code).toBe(77);
    expect(rig.server.attempts.all).toHaveLength(1);
    expect(daemon.child.lines.all.filter((line) => line.includes(`answered ${status}`))).toHaveLength(1);
  });

  test('close 4401 later', async () => {
    const daemon = rig.daemon();
    const connection = await rig.server.registered();
    connection.close(4401, 'token revoked');
    const exit = await within('exit of the daemon', daemon.child.exited);
    expect(exit.code).toBe(77);
    expect(rig.server.attempts.all).toHaveLength(1);
    expect(daemon.child.lines.all.filter((line) => line.includes('(4401)'))).toHaveLength(1);
  });
});

describe('[L4] work and the connection', () => {
  const task = (taskId: string, cwd: string, commands: string[]) => ({
    taskId,
    cwd,
    agentType: 'script',
    prompt: commands.join('\n'),
    timeout: 600_000,
  });

  test('a task goes on while the connection is away, every event arrives in order', async () => {
    const daemon = rig.daemon();
    const first = await rig.server.registered();
    const gate = join(rig.world.dir, 'gate');
    first.execute(task('long', daemon.cwd, ['print before', `wait ${gate}`, 'count 20', 'print after']));
    await first.inbox.take('before', (frame) => frame.type === 'task:event' && frame.event.content === 'before');
    first.cut();
    writeFileSync(gate, '');
    const second = await rig.server.registered();
    const { result } = await second.next('task:completed', 'long');
    expect(result.success).toBe(true);
    const texts = [...new Set([...first.texts('long'), ...second.texts('long')])];
    expect(texts).toEqual(['before', ...Array.from({ length: 20 }, (_, index) => `line ${index + 1}`), 'after']);
  });

  test('[R13] a result whose socket dies within 5 s is sent again', async () => {
    const daemon = rig.daemon();
    const first = await rig.server.registered();
    first.execute(task('again', daemon.cwd, ['print x']));
    const { result } = await first.next('task:completed', 'again');
    first.cut();
    const second = await rig.server.registered();
    expect((await second.next('task:completed', 'again')).result).toEqual(result);
  });

  test('[R13] a result whose socket stayed open for 5 s is settled: not sent again', async () => {
    const daemon = rig.daemon();
    const first = await rig.server.registered();
    first.execute(task('once', daemon.cwd, ['print x']));
    await first.next('task:completed', 'once');
    const runs = join(daemon.stateDir, 'runs');
    await untilTrue('the run is forgotten', () => !existsSync(runs) || readdirSync(runs).length === 0);
    first.cut();
    const second = await rig.server.registered();
    second.send({ type: 'ping' });
    await second.next('heartbeat');
    expect(completedOf(second, 'once')).toEqual([]);
  });

  test('[L4] a daemon killed before it could report: the next one reports', async () => {
    const daemon = rig.daemon();
    const first = await rig.server.registered();
    const gate = join(rig.world.dir, 'gate-2');
    first.execute(task('survivor', daemon.cwd, ['print one', `wait ${gate}`, 'print two']));
    await first.inbox.take('one', (frame) => frame.type === 'task:event' && frame.event.content === 'one');
    await daemon.crash();
    writeFileSync(gate, '');
    daemon.startAgain();
    const second = await rig.server.registered();
    await second.next('task:completed', 'survivor');
    expect([...new Set([...first.texts('survivor'), ...second.texts('survivor')])]).toEqual(['one', 'two']);
  });
});
