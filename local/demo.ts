import { readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Task } from '../shared/task.ts';
import { ApiClient } from './api-client.ts';
import { startModel } from './demo/model.ts';
import { makeScratch, type Scratch } from './demo/scratch.ts';
import { describe, stopwatch } from './demo/show.ts';
import { type LocalGateway, startGateway } from './gateway.ts';
import { registeredHost } from './registered.ts';
import { type RunningServer, startServer } from './server.ts';
import { runCommand, ServerError } from './server-error.ts';
import { EXIT_INTERRUPTED, stopSignal } from './signals.ts';
import { mintToken } from './tokens.ts';

const PROMPT = 'Write a haiku about a task on its way to an agent into haiku.txt.';
const BIN = fileURLToPath(new URL('../node_modules/.bin', import.meta.url));
const TOKEN_SECONDS = 60 * 60;
const HOST_ID = 'demo-host';

type Say = ReturnType<typeof stopwatch>;

/** The gateway's whole environment: nothing of the user's own agents or proxies reaches the demo's OpenCode. */
function gatewayEnv(scratch: Scratch, openCode: Record<string, string>): Record<string, string> {
  return {
    ...openCode,
    PATH: `${BIN}${delimiter}${process.env.PATH ?? ''}`,
    LANG: process.env.LANG ?? 'C.UTF-8',
    TMPDIR: scratch.temporary,
    GATEWAY_CWD: scratch.repository,
    GATEWAY_HOST_ID: HOST_ID,
    GATEWAY_PASS_ENV: 'npm_config_*',
  };
}

async function follow(client: ApiClient, task: Task, say: Say): Promise<Task> {
  for await (const entry of client.watch(task.id)) {
    const line = describe(entry);
    if (line !== null) say(...line);
  }
  return client.task(task.id);
}

function showResult({ status, result, error }: Task, scratch: Scratch): void {
  if (status !== 'completed') throw new ServerError(`the task ended ${status}: ${JSON.stringify(error)}`, 1);
  const haiku = readFileSync(join(scratch.repository, 'haiku.txt'), 'utf8');
  console.log(`
status        ${status}
output        ${result?.output}
duration      ${result?.duration} ms
filesChanged  ${result?.filesChanged?.join(', ')}

haiku.txt, as OpenCode wrote it:
${haiku.replace(/^(?=.)/gm, '  ')}`);
}

/** Posts the task and shows its way; ends it when the user interrupts. */
async function perform(client: ApiClient, scratch: Scratch, say: Say, stopping: AbortSignal): Promise<void> {
  const task = await client.createTask(PROMPT);
  say('prompt', `"${PROMPT}" (OpenCode's first start takes some seconds)`);
  // The server may be gone by then, after an orderly end.
  const abort = () => void client.abort(task.id).catch(() => {});
  if (stopping.aborted) abort();
  stopping.addEventListener('abort', abort, { once: true });
  const ended = await follow(client, task, say);
  stopping.throwIfAborted();
  showResult(ended, scratch);
}

async function demo(): Promise<void> {
  const stopping = new AbortController();
  void stopSignal().then(() => stopping.abort(new ServerError('stopped', EXIT_INTERRUPTED)));
  const say = stopwatch();
  const verbose = Boolean(process.env.DEMO_VERBOSE);
  const scratch = makeScratch();
  const model = await startModel(scratch.home);
  let server: RunningServer | null = null;
  let gateway: LocalGateway | null = null;
  try {
    server = await startServer({
      stateDir: join(scratch.base, 'server'),
      onLine: (line) => (verbose ? console.error(line) : undefined),
    });
    say('server', `ready on ${server.url}`);
    const env = gatewayEnv(scratch, model.env);
    gateway = await startGateway({ server, stateDir: scratch.base, env, stdio: verbose ? 'inherit' : 'ignore' });
    const order = { secret: server.secret, sub: 'demo', role: 'client', expiresInSeconds: TOKEN_SECONDS } as const;
    const client = new ApiClient(server.url, await mintToken({ ...order, nowMs: Date.now() }));
    const { hostId, capabilities } = await registeredHost(client, HOST_ID, 0, stopping.signal);
    say('host', `registered: ${hostId}, agents: ${capabilities.agents.join(', ')}`);
    await perform(client, scratch, say, stopping.signal);
  } finally {
    await gateway?.stop();
    await server?.stop();
    await model.stop();
    scratch.remove();
  }
  say('done', 'everything is stopped and removed');
}

/** `npm run demo`: a real OpenCode does a small task under a gateway and a server of this machine, against a scripted model. */
await runCommand(demo);
