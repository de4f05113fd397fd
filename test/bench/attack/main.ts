/**
 * What bad upgrades cost a good client: the p99 of its POST while they come, beside that of the same POST while a bare Worker that refuses
 * everything takes them, beside that of a Worker that stores one row of it, and beside that of the one that refuses it too; all in one run.
 * And what they leave in memory. `npm run bench:attack`.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { z } from 'zod';
import { treeOf } from '../../e2e/harness/proc.ts';
import { mintToken } from '../../e2e/harness/tokens.ts';
import { forged, hmac } from '../../security/attack.ts';
import { type BareWorker, startBareWorker } from '../bare-worker.ts';
import { percentile } from '../statistics.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const BAD_UPGRADES_PER_SECOND = 500;
/** The good client's: enough for a p99, far from what the server can do. */
const POSTS_PER_SECOND = 20;

const secret = randomBytes(32).toString('hex');
const good = mintToken(secret, { sub: 'good', role: 'client', jti: 'good' });
const now = Math.floor(Date.now() / 1000);
const claims = { sub: 'box', role: 'host', iat: now, exp: now + 3600 };
/** Nothing, rubbish, another secret's, one that is over, and no host's. */
const BAD_TOKENS = [
  '',
  'x.y.z',
  forged({ alg: 'HS256' }, claims, hmac('another secret of the same length as it')),
  forged({ alg: 'HS256' }, { ...claims, exp: now - 1 }, hmac(secret)),
  forged({ alg: 'none' }, claims, () => ''),
];

/** The product as `npm run serve` runs it, a process of its own; its log, one line for each refusal, goes nowhere. */
async function startProduct(dir: string): Promise<BareWorker> {
  mkdirSync(dir);
  const settings = { PORT: '0', STATE_DIR: dir, JWT_SECRET: secret, MAX_QUEUED_TASKS: '1000000' };
  const child = spawn(process.execPath, [join(ROOT, 'local/serve.ts')], {
    env: { ...process.env, ...settings },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const exited = once(child, 'exit');
  const [line] = z.tuple([z.string()]).parse(await once(createInterface({ input: child.stdout }), 'line'));
  return {
    url: /http:\/\/\S+/.exec(line)?.[0] ?? '',
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** Keeps its connections: what a good client does. */
const agent = new Agent({ keepAlive: true });

/** ms of one POST, to its last byte. */
function post(url: string): Promise<number> {
  const began = performance.now();
  const headers = { authorization: `Bearer ${good}`, 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    const call = request(`${url}/api/tasks`, { method: 'POST', agent, headers }, (response) => {
      response.resume();
      response.once('end', () => resolve(performance.now() - began));
    });
    call.once('error', reject);
    call.end('{"prompt":"x"}');
  });
}

const floodSchema = z.object({ sent: z.number(), refused: z.number() });

/** As a server is that has been up for a while: code compiled, files made. */
async function warmUp(url: string, posts: number): Promise<void> {
  for (let n = 0; n < posts; n += 1) await post(url);
}

/** The p99 of the good client's POSTs to `good`, ms, while the bad upgrades come to `bad`. */
async function round(good: BareWorker, bad: BareWorker, seconds: number): Promise<number> {
  const workerData = { url: bad.url, perSecond: BAD_UPGRADES_PER_SECOND, tokens: BAD_TOKENS };
  const flood = new Worker(new URL('flood.ts', import.meta.url), { workerData });
  const posts: Promise<number>[] = [];
  const began = performance.now();
  // Each at its own time, also when the one before is late: what is late counts as late.
  for (let n = 0; n < seconds * POSTS_PER_SECOND; n += 1) {
    await sleep(Math.max(0, began + (n * 1000) / POSTS_PER_SECOND - performance.now()));
    posts.push(post(good.url));
  }
  const times = await Promise.all(posts);
  const told = new Promise<unknown>((resolve) => flood.once('message', resolve));
  flood.postMessage('stop');
  const { sent, refused } = floodSchema.parse(await told);
  await flood.terminate();
  if (refused < 0.99 * sent) throw new Error(`only ${refused} of ${sent} bad upgrades were answered 401`);
  return percentile(times, 99);
}

/** MiB of all processes below this one whose program is workerd. */
function memoryOfRuntimes(): number {
  const kibibytes = treeOf(process.pid).map((pid) => {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      return status.startsWith('Name:\tworkerd') ? Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) : 0;
    } catch {
      return 0;
    }
  });
  return kibibytes.reduce((sum, each) => sum + each, 0) / 1024;
}

const count = z.coerce.number().int().min(1);
const option = (fallback: string) => ({ type: 'string', default: fallback }) as const;
const { values } = parseArgs({
  options: { rounds: option('5'), seconds: option('20'), 'warm-up': option('2000') },
});
const rounds = count.parse(values.rounds);
const seconds = count.parse(values.seconds);
const warmUpPosts = count.parse(values['warm-up']);
const dir = mkdtempSync(join(tmpdir(), 'agent-gateway-bench-'));

/** What is measured, in this order: who takes the good client's POSTs, and who takes the bad upgrades. */
const CASES = ['attacked', 'beside', 'stored', 'refused'] as const;
type Case = (typeof CASES)[number];
const LABELS: Readonly<Record<Case, string>> = {
  attacked: 'POST p99',
  beside: 'attack beside',
  stored: 'one row',
  refused: 'bare 401',
};
const times: Record<Case, number[]> = { attacked: [], beside: [], stored: [], refused: [] };

/** One round's, or the medians; each with how many times as long the attacked POST takes. */
function figures(index: number | null): string {
  const of = (which: Case) => (index === null ? percentile(times[which], 50) : times[which].at(index)) ?? Number.NaN;
  return CASES.map((which) => {
    const ratio = which === 'attacked' ? '' : ` (×${(of('attacked') / of(which)).toFixed(2)})`;
    return `${LABELS[which]} ${of(which).toFixed(2)} ms${ratio}`;
  }).join(', ');
}

const started: BareWorker[] = [];
async function start(starting: Promise<BareWorker>): Promise<BareWorker> {
  const worker = await starting;
  started.push(worker);
  await warmUp(worker.url, warmUpPosts);
  return worker;
}

const floor = (name: string, classes: Readonly<Record<string, string>>) =>
  startBareWorker(join(dir, name), new URL(`../floor/${name}.ts`, import.meta.url), classes);

try {
  const product = await start(startProduct(join(dir, 'product')));
  const storer = await start(floor('storer', { TASKS: 'TasksDO' }));
  const refuser = await start(floor('refuser', {}));
  const pairs: Record<Case, readonly [BareWorker, BareWorker]> = {
    attacked: [product, product],
    beside: [product, refuser],
    stored: [storer, storer],
    refused: [refuser, refuser],
  };
  for (let n = 1; n <= rounds; n += 1) {
    for (const which of CASES) times[which].push(await round(...pairs[which], seconds));
    console.log(`round ${n}: ${figures(-1)}; memory ${memoryOfRuntimes().toFixed(0)} MiB`);
  }
  console.log(`median: ${figures(null)}`);
} finally {
  agent.destroy();
  for (const worker of started) await worker.stop();
  rmSync(dir, { recursive: true, force: true });
}
