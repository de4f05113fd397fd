/**
 * From a task's creation to the first word of its agent: OpenCode over ACP started for each task, and kept after one. Real server, real daemons,
 * scripted model, all on this machine. `npm run bench:warm`.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Api } from '../e2e/harness/api.ts';
import type { Daemon } from '../e2e/harness/daemon.ts';
import { untilTrue } from '../e2e/harness/wait.ts';
import { entryText } from '../e2e/harness/wire.ts';
import { World } from '../e2e/harness/world.ts';
import { openCodeEnv } from '../scripted-model/opencode-env.ts';
import { startScriptedModel } from '../scripted-model/server.ts';
import { percentile } from './statistics.ts';

const ROUNDS = 9;
const OPENCODE = fileURLToPath(new URL('../../node_modules/.bin/opencode', import.meta.url));
const AGENTS = { opencode: { protocol: 'acp', command: [OPENCODE, 'acp'] } };

/** ms. */
async function firstWord(api: Api, hostId: string): Promise<number> {
  const began = performance.now();
  const { id } = await api.createTask({ prompt: 'Hello.\n@say Hello yourself.', hostId });
  const stream = await api.watch(id);
  await stream.messages.take('a message', ({ entry }) => entryText(entry) === 'Hello yourself.');
  const took = performance.now() - began;
  await stream.rest();
  return took;
}

function isFree({ stateDir }: Daemon): boolean {
  const warm = join(stateDir, 'warm');
  return existsSync(warm) && readdirSync(warm).some((mark) => existsSync(join(warm, mark, 'free/agent.json')));
}

const world = new World();
try {
  const model = await startScriptedModel();
  world.onClose(() => model.close());
  const server = await world.server();
  const api = server.api();
  const env = { ...openCodeEnv(model.url, world.home), GATEWAY_PASS_ENV: 'npm_config_*' };
  const cold = await world.onlineDaemon(server, { agents: AGENTS, env });
  const warm = await world.onlineDaemon(server, { agents: AGENTS, env: { ...env, GATEWAY_WARM: '1' } });
  const samples: Record<'cold' | 'warm', number[]> = { cold: [], warm: [] };
  // Its data is set up by the first start of all, and the first task of the other finds nothing kept.
  for (const { hostId } of [cold, warm]) await firstWord(api, hostId);
  for (let round = 0; round < ROUNDS; round += 1) {
    samples.cold.push(await firstWord(api, cold.hostId));
    await untilTrue('the agent is kept', () => isFree(warm));
    samples.warm.push(await firstWord(api, warm.hostId));
  }
  for (const [name, times] of Object.entries(samples)) {
    const [median, worst] = [50, 100].map((percent) => Math.round(percentile(times, percent)));
    console.log(`${name}: POST → first message, p50 ${median} ms, worst ${worst} ms of ${times.length}`);
  }
  console.log(`warm / cold: ${(percentile(samples.warm, 50) / percentile(samples.cold, 50)).toFixed(2)}`);
} finally {
  await world.close();
}
