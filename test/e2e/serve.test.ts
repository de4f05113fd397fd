import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { Api } from './harness/api.ts';
import { Child } from './harness/child.ts';
import { isAlive, killQuietly, processesBearing, treeOf } from './harness/proc.ts';
import { REPOSITORY } from './harness/repository.ts';
import { mintToken } from './harness/tokens.ts';
import { untilTrue, within } from './harness/wait.ts';

const root = mkdtempSync(join(tmpdir(), 'agent-gateway-serve-'));
const children: Child[] = [];
let count = 0;

function stateDir(): string {
  count += 1;
  return join(root, `state-${count}`);
}

function launch(env: Record<string, string>, command = ['local/serve.ts']): Child {
  const child = new Child({
    command: [process.execPath, ...command],
    cwd: REPOSITORY,
    env: { PATH: process.env.PATH ?? '', HOME: root, TMPDIR: root, PORT: '0', ...env },
  });
  children.push(child);
  return child;
}

async function urlOf(child: Child): Promise<string> {
  const line = await child.lines.take('the line with the URL', (each) => /http:\/\/\S+:\d+$/.test(each));
  return /http:\/\/\S+$/.exec(line)?.[0] ?? '';
}

function secretIn(dir: string): string {
  return readFileSync(join(dir, 'jwt-secret'), 'utf8').trim();
}

function admin(url: string, secret: string): Api {
  return new Api(url, mintToken(secret, { sub: 'tester', role: 'admin' }));
}

afterEach(async () => {
  for (const child of children.splice(0)) await child.killTree();
});

afterAll(() => {
  for (const { pid } of processesBearing(root)) killQuietly(pid, 'SIGKILL');
  rmSync(root, { recursive: true, force: true, maxRetries: 5 });
});

describe('npm run serve [C4]', () => {
  test('one line on stdout with its URL, the secret and the data for their owner alone, a clean end on a signal', async () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const dir = stateDir();
      const child = launch({ STATE_DIR: dir });
      const url = await urlOf(child);
      expect((await fetch(`${url}/healthz`)).status).toBe(200);
      expect(statSync(dir).mode & 0o777).toBe(0o700);
      expect(statSync(join(dir, 'jwt-secret')).mode & 0o777).toBe(0o600);
      const pids = treeOf(child.pid);
      expect(pids.length).toBeGreaterThan(1);
      expect((await child.stop(signal)).code).toBe(0);
      expect(child.lines.all).toEqual([expect.stringContaining(url)]);
      await untilTrue('every process is gone', () => !pids.some(isAlive));
    }
  });

  test.each(['SIGTERM', 'SIGKILL'] as const)('after %s and a restart all is there again', async (signal) => {
    const dir = stateDir();
    const first = launch({ STATE_DIR: dir });
    const firstUrl = await urlOf(first);
    const api = admin(firstUrl, secretIn(dir));
    const ids: string[] = [];
    for (let i = 0; i < 5; i += 1) ids.push((await api.createTask({ prompt: `task ${i}` })).id);
    const log = await api.log(ids[0] ?? '');
    const pids = treeOf(first.pid);
    // The server's own process alone: what it started must not be left behind.
    await first.stop(signal);
    const second = launch({ STATE_DIR: dir, PORT: new URL(firstUrl).port });
    expect(await urlOf(second)).toBe(firstUrl);
    const again = admin(firstUrl, secretIn(dir));
    expect((await again.listTasks()).tasks.map(({ id }) => id)).toEqual(ids.reverse());
    expect((await again.log(ids.at(-1) ?? '')).slice(0, log.length)).toEqual(log);
    expect(pids.filter(isAlive)).toEqual([]);
  });

  test('killed and not started again, it leaves nothing running', async () => {
    const child = launch({ STATE_DIR: stateDir() });
    await urlOf(child);
    const pids = treeOf(child.pid);
    await child.kill();
    await untilTrue('the runtime is gone too', () => !pids.some(isAlive));
  });

  test('the same signal twice, as npm hands on the Ctrl-C of a terminal, is one: a clean end', async () => {
    const dir = stateDir();
    const child = launch({ STATE_DIR: dir });
    await urlOf(child);
    process.kill(child.pid, 'SIGINT');
    expect(await child.stop('SIGINT')).toEqual({ code: 0, signal: null });
    expect(existsSync(join(dir, 'server.lock'))).toBe(false);
  });

  test('a client that streams does not hold up the end', async () => {
    const dir = stateDir();
    const child = launch({ STATE_DIR: dir });
    const api = admin(await urlOf(child), secretIn(dir));
    const stream = await api.watch((await api.createTask({ prompt: 'x' })).id);
    expect(stream.status).toBe(200);
    expect((await child.stop()).code).toBe(0);
    stream.close();
  });

  test('a port in use: one line that names it, and another exit code', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const child = launch({ STATE_DIR: stateDir(), PORT: String(port) });
    const { code } = await within('its end', child.exited);
    other.close();
    expect(code).toBe(1);
    expect(child.lines.all).toEqual([
      `agent-gateway: port ${port} on 127.0.0.1 is in use; name another one with PORT, 0 for any`,
    ]);
  });

  test('a state directory serves one server at a time', async () => {
    const dir = stateDir();
    const first = launch({ STATE_DIR: dir });
    await urlOf(first);
    const second = launch({ STATE_DIR: dir });
    expect((await within('its end', second.exited)).code).toBe(1);
    expect(second.output()).toContain(`another server (pid ${first.pid}) uses the state directory ${dir}`);
  });

  test.each([
    ['MAX_ATTEMPTS', 'many', 'must be a whole number'],
    ['HEARTBEAT_TIMEOUT_MS', '1', 'must be at least'],
    ['PORT', '70000', 'must be a whole number'],
    ['HOST', 'a b', 'must be an address'],
    ['TRUSTED_PROXY', 'proxy.example.com', 'must be an IP address'],
  ])('a bad %s: one line that names it, exit code 2', async (name, value, words) => {
    const child = launch({ STATE_DIR: stateDir(), [name]: value });
    expect((await within('its end', child.exited)).code).toBe(2);
    expect(child.lines.all).toHaveLength(1);
    expect(child.output()).toContain(`"${name}" ${words}`);
  });

  test('a state directory that cannot be made: one line, exit code 2', async () => {
    const child = launch({ STATE_DIR: '/proc/agent-gateway/state' });
    expect((await within('its end', child.exited)).code).toBe(2);
    expect(child.lines.all).toEqual([
      expect.stringContaining('cannot use the state directory /proc/agent-gateway/state'),
    ]);
  });

  test('an old secret that is too short is warned of', async () => {
    const child = launch({ STATE_DIR: stateDir(), JWT_SECRET_PREVIOUS: 'short' });
    await urlOf(child);
    expect(child.output()).toContain('JWT_SECRET_PREVIOUS has less than 32 bytes');
  });

  test('a secret that is too short: it starts, says so, and answers 503 instead of 401 [C3]', async () => {
    const child = launch({ STATE_DIR: stateDir(), JWT_SECRET: 'short' });
    const url = await urlOf(child);
    expect(child.output()).toContain('JWT_SECRET has less than 32 bytes');
    for (const path of ['/healthz', '/api/tasks', '/agent/ws?hostId=h']) {
      expect((await fetch(`${url}${path}`)).status).toBe(503);
    }
  });

  test('settings and both secrets reach the server [C5]', async () => {
    const [current, previous] = ['c'.repeat(40), 'p'.repeat(40)];
    const child = launch({
      STATE_DIR: stateDir(),
      JWT_SECRET: current,
      JWT_SECRET_PREVIOUS: previous,
      MAX_QUEUED_TASKS: '1',
      HEARTBEAT_TIMEOUT_MS: '',
    });
    const url = await urlOf(child);
    await admin(url, previous).createTask({ prompt: 'x' });
    const reply = await admin(url, current).request('POST', '/api/tasks', { body: { prompt: 'y' } });
    expect(reply.status).toBe(429);
    expect(reply.body).toMatchObject({ error: { code: 'queue_full' } });
  });
});

describe('npm run token [C3]', () => {
  async function token(
    args: string[],
    env: Record<string, string> = {},
  ): Promise<{ code: number | null; text: string }> {
    const child = launch({ STATE_DIR: stateDir(), ...env }, ['local/token.ts', ...args]);
    const { code } = await within('its end', child.exited);
    return { code, text: child.output() };
  }

  test('--help shows how it is used', async () => {
    expect(await token(['--help'])).toEqual({ code: 0, text: expect.stringMatching(/^usage: npm run token/) });
  });

  test.each([
    ['an argument too many', ['--role', 'client', '--sub', 'me', 'more'], "Unexpected argument 'more'"],
    ['a flag that is none', ['--rolle', 'client'], "Unknown option '--rolle'"],
    ['a life without a unit', ['--role', 'client', '--sub', 'me', '--expires-in', '90'], 'must be like 90s'],
  ])('%s: the reason and the usage, exit code 2', async (_name, args, words) => {
    const { code, text } = await token(args);
    expect(code).toBe(2);
    expect(text).toContain(words);
    expect(text).toContain('usage: npm run token');
    expect(text).not.toContain('TypeError');
  });

  test('a secret that is too short: none is made, exit code 2', async () => {
    const { code, text } = await token(['--role', 'client', '--sub', 'me'], { JWT_SECRET: 'short' });
    expect(code).toBe(2);
    expect(text).toContain('JWT_SECRET has less than 32 bytes');
  });
});

describe('the address of a client [C5]', () => {
  const SECRET = 's'.repeat(40);

  /** The HTTP status that a connecting host gets: 101, or why not. */
  async function connect(url: string, hostId: string, headers: Record<string, string>): Promise<number> {
    const authorization = `Bearer ${mintToken(SECRET, { sub: hostId, role: 'host' })}`;
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/agent/ws?hostId=${hostId}`, {
      headers: { authorization, ...headers },
    });
    return await within(
      `answer to ${hostId}`,
      new Promise((resolve, reject) => {
        socket.once('unexpected-response', (_request, response) => {
          resolve(response.statusCode ?? 0);
          response.resume();
        });
        socket.once('error', reject);
        socket.once('open', () => {
          const capabilities = { name: hostId, agents: ['a'], maxConcurrent: 1, cwd: '/' };
          socket.send(JSON.stringify({ type: 'register', hostId, capabilities }));
        });
        // Registered: from here on it counts.
        socket.once('message', () => resolve(101));
      }),
    );
  }

  test("is the peer's, whatever CF-Connecting-IP, X-Forwarded-For or MF-CF-Blob says", async () => {
    const url = await urlOf(launch({ STATE_DIR: stateDir(), JWT_SECRET: SECRET, MAX_HOSTS_PER_IP: '1' }));
    expect(await connect(url, 'one', { 'CF-Connecting-IP': '192.0.2.1' })).toBe(101);
    const forged = {
      'CF-Connecting-IP': '192.0.2.2',
      'X-Forwarded-For': '192.0.2.2',
      'MF-CF-Blob': '{"clientIp":"192.0.2.2:1"}',
      'x-gateway-ip': '192.0.2.2',
    };
    expect(await connect(url, 'two', forged)).toBe(429);
  });

  test('behind TRUSTED_PROXY is the one that the proxy saw', async () => {
    const url = await urlOf(
      launch({ STATE_DIR: stateDir(), JWT_SECRET: SECRET, MAX_HOSTS_PER_IP: '1', TRUSTED_PROXY: '127.0.0.1' }),
    );
    expect(await connect(url, 'one', { 'X-Forwarded-For': '192.0.2.9, 192.0.2.1' })).toBe(101);
    expect(await connect(url, 'two', { 'X-Forwarded-For': '192.0.2.2' })).toBe(101);
    expect(await connect(url, 'three', { 'X-Forwarded-For': '192.0.2.8, 192.0.2.1' })).toBe(429);
  });
});
