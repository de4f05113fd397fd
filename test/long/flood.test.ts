import { readFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { treeOf } from '../e2e/harness/proc.ts';
import { script } from '../e2e/harness/prompt.ts';
import { sleep } from '../e2e/harness/wait.ts';
import { TERMINAL } from '../e2e/harness/wire.ts';
import { World } from '../e2e/harness/world.ts';

const MIB = 1024 * 1024;
const FLOOD_BYTES = 100 * MIB;
const LINE = 'y'.repeat(1023);
const SECONDS = 60;
/** How long a quiet task's line may be held back by another one's flood. */
const HELD_MS = 5_000;
const DAEMON_GROWTH = 64 * MIB;
const SERVER_GROWTH = 128 * MIB;
const SAMPLE_MS = 100;
const FLOOD_MS = 5 * 60_000;

const world = new World();
afterAll(() => world.close());

/** Bytes in memory of these processes together. */
function rss(pids: readonly number[]): number {
  const KIB = 1024;
  return pids.reduce((sum, pid) => {
    try {
      return sum + KIB * Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
    } catch {
      return sum;
    }
  }, 0);
}

test('100 MB of one task: another one’s lines come on time, and neither daemon nor server grows', async () => {
  const flood = `const line = ${JSON.stringify(LINE)} + '\\n'; let left = ${FLOOD_BYTES / 1024};
    const more = () => { while (left-- > 0) if (!process.stdout.write(line)) return process.stdout.once('drain', more); };
    process.stdin.resume().once('end', more);`;
  const server = await world.server();
  const api = server.api();
  const daemon = await world.onlineDaemon(server, {
    agents: { flood: { protocol: 'text', command: [process.execPath, '-e', flood] } },
  });
  const warm = await api.createTask(script(['count 1000']));
  await api.finishedLog(warm.id);

  const quiet = await api.createTask(
    script(Array.from({ length: SECONDS }, (_, index) => [`print ${index}`, 'sleep 1000']).flat()),
  );
  const stream = await api.watch(quiet.id);
  const seen: { said: number; stored: number; seen: number }[] = [];
  const watching = (async () => {
    for (;;) {
      const { entry } = await stream.messages.take('an entry', () => true);
      if (!('status' in entry)) seen.push({ said: entry.event.timestamp, stored: entry.at, seen: Date.now() });
      else if (TERMINAL.includes(String(entry.status))) return;
    }
  })();
  await api.untilStatus(quiet.id, 'running');

  const serverPids = treeOf(server.child.pid);
  const before = { daemon: rss([daemon.child.pid]), server: rss(serverPids) };
  const most = { ...before };
  const sampling = new AbortController();
  const sampled = (async () => {
    while (!sampling.signal.aborted) {
      most.daemon = Math.max(most.daemon, rss([daemon.child.pid]));
      most.server = Math.max(most.server, rss(serverPids));
      await sleep(SAMPLE_MS);
    }
  })();
  const flooding = await api.createTask({ agentType: 'flood', prompt: 'go' });
  const task = await api.finished(flooding.id, FLOOD_MS);
  await api.finished(quiet.id, FLOOD_MS);
  await watching;
  sampling.abort();
  await sampled;

  expect(task).toMatchObject({ status: 'completed' });
  expect(seen).toHaveLength(SECONDS);
  const held = Math.max(...seen.map((each) => each.seen - each.said));
  const grown = { daemon: most.daemon - before.daemon, server: most.server - before.server };
  console.log(
    `held back by at most ${held} ms; grown by ${(grown.daemon / MIB).toFixed(1)} MiB (daemon, from ${(before.daemon / MIB).toFixed(0)}) and ${(grown.server / MIB).toFixed(1)} MiB (server, from ${(before.server / MIB).toFixed(0)}); flood took ${(task.finishedAt ?? 0) - (task.startedAt ?? 0)} ms`,
  );
  expect(held).toBeLessThan(HELD_MS);
  expect(grown.daemon).toBeLessThan(DAEMON_GROWTH);
  expect(grown.server).toBeLessThan(SERVER_GROWTH);
});
