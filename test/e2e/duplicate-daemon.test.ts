import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { EXIT } from '../../gateway/exit-codes.ts';
import type { Daemon } from './harness/daemon.ts';
import { isAlive } from './harness/proc.ts';
import { script } from './harness/prompt.ts';
import type { Server } from './harness/server.ts';
import { untilTrue, within } from './harness/wait.ts';
import { World } from './harness/world.ts';

const world = new World();
afterAll(() => world.close());

/** Another daemon under the same host id, with a state directory of its own. */
function another(server: Server, { hostId }: Daemon): Daemon {
  return world.daemon({ serverUrl: server.webSocketUrl, hostId, token: server.hostToken(hostId) });
}

test('[R5] two living daemons of one host id: the newer one stays, the older one stops and says why', async () => {
  const server = await world.server();
  const api = server.api();
  const older = await world.onlineDaemon(server);
  const { id: first } = await api.createTask(script(['print begun', 'drip 300', 'print over']));
  await api.untilStatus(first, 'running');

  const newer = another(server, older);
  expect(await within('end of the older daemon', older.child.exited)).toEqual({ code: EXIT.REPLACED, signal: null });
  expect(older.child.output()).toContain('another daemon connected under the same host id');

  const { id } = await api.createTask(script(['print from the newer']));
  expect(await api.untilStatus(id, 'completed')).toMatchObject({ attempt: 1, hostId: newer.hostId });
  expect(newer.child.ended).toBe(false);
  // Of the first task, whose agent goes on, it knows nothing: that is kept for whoever has it.
  expect(await api.task(first)).toMatchObject({ status: 'running', attempt: 1 });
  older.startAgain();
  expect(await within('end of the newer daemon', newer.child.exited)).toEqual({ code: EXIT.REPLACED, signal: null });
  expect(await api.untilStatus(first, 'completed')).toMatchObject({ attempt: 1 });
});

test('[R4] what a replaced daemon has is given away after the grace, and stopped when that daemon is back', async () => {
  const server = await world.server({ RECONNECT_GRACE_MS: '2000' });
  const api = server.api();
  const older = await world.onlineDaemon(server);
  const { id } = await api.createTask(script(['tree tree']));
  const pidFile = join(older.cwd, 'tree/agent.pid');
  await untilTrue('the first agent is up', () => existsSync(pidFile));
  const pid = Number(readFileSync(pidFile, 'utf8'));
  another(server, older);
  await within('end of the older daemon', older.child.exited);
  await api.untilTask('the second attempt', id, ({ attempt, status }) => attempt === 2 && status === 'running');
  expect(isAlive(pid)).toBe(true);
  older.startAgain();
  await untilTrue('the first agent has ended', () => !isAlive(pid));
  await api.abort(id);
});
