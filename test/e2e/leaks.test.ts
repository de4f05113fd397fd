import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { script } from './harness/prompt.ts';
import { pidsIn } from './harness/tree.ts';
import { untilTrue } from './harness/wait.ts';
import { World } from './harness/world.ts';

const world = new World();

/** Of a process that should be gone: where it waits, and what its directory, which is the run's for a supervisor, holds. */
function whatIsKnownOf(pid: number): unknown {
  try {
    const cwd = readlinkSync(`/proc/${pid}/cwd`);
    const waits = [`/proc/${pid}/wchan`, `/proc/${pid}/stack`].map((path) => readFileSync(path, 'utf8'));
    const texts = ['stderr.log', 'control.jsonl', 'result.json', 'events.jsonl'].map((name) => join(cwd, name));
    return {
      waits,
      files: readdirSync(cwd),
      texts: texts.map((path) => (existsSync(path) ? readFileSync(path, 'utf8') : null)),
    };
  } catch (error) {
    return String(error);
  }
}
afterAll(() => world.close());

test('[L5] after work of all kinds and an orderly end nothing is left running, nor any temporary file', async () => {
  const server = await world.server();
  const api = server.api();
  const daemon = await world.onlineDaemon(server, { maxConcurrent: 4 });
  const good = await api.createTask(script(['count 10']));
  const bad = await api.createTask(script(['exit 2']));
  const late = await api.createTask(script(['sleep 3600000'], { timeout: 1_000 }));
  const tree = world.directory('tree');
  const unwanted = await api.createTask(script([`tree ${tree}`]));
  await pidsIn(tree);
  expect(await api.abort(unwanted.id)).toBe(202);
  await api.untilStatus(good.id, 'completed');
  await api.untilStatus(bad.id, 'failed');
  await api.untilStatus(late.id, 'timeout');
  await api.untilStatus(unwanted.id, 'aborted');
  expect(await daemon.stop()).toBe(0);
  expect(await server.stop()).toBe(0);
  await untilTrue('nothing is running', () => world.processes().length === 0).catch(() => undefined);
  expect(world.processes().map(({ pid, command }) => ({ command, what: whatIsKnownOf(pid) }))).toEqual([]);
  expect(world.temporaryFiles()).toEqual([]);
});
