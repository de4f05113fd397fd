import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { Api } from './harness/api.ts';
import { Child } from './harness/child.ts';
import { SCRIPT_AGENT } from './harness/daemon.ts';
import { isAlive, killQuietly, processesBearing, treeOf } from './harness/proc.ts';
import { script } from './harness/prompt.ts';
import { REPOSITORY } from './harness/repository.ts';
import { untilTrue, within } from './harness/wait.ts';

const root = mkdtempSync(join(tmpdir(), 'agent-gateway-start-'));
const children: Child[] = [];

/** The machine's own, as a user's shell has it. */
const ownPath = (process.env.PATH ?? '')
  .split(delimiter)
  .filter((directory) => !directory.includes('node_modules'))
  .join(delimiter);

function launch(command: string[], env: Record<string, string>): Child {
  const own = { HOME: root, TMPDIR: root, STATE_DIR: join(root, 'state'), PORT: '0' };
  const child = new Child({ command, cwd: REPOSITORY, env: { PATH: process.env.PATH ?? '', ...own, ...env } });
  children.push(child);
  return child;
}

afterEach(async () => {
  for (const child of children.splice(0)) await child.killTree();
});

afterAll(() => {
  for (const { pid } of processesBearing(root)) killQuietly(pid, 'SIGKILL');
  rmSync(root, { recursive: true, force: true, maxRetries: 5 });
});

describe('npm start [C4]', () => {
  test('server and gateway, on a free port when its own is taken; the token that it names works; all ends with it', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? String(address.port) : '';
    const work = join(root, 'work');
    mkdirSync(work);
    const config = join(root, 'config.json');
    const agents = { script: { protocol: 'text', command: [process.execPath, SCRIPT_AGENT] } };
    writeFileSync(config, JSON.stringify({ agents }));
    const child = launch([process.execPath, 'local/start.ts'], {
      PORT: port,
      GATEWAY_CONFIG: config,
      GATEWAY_CWD: work,
      GATEWAY_HOST_ID: 'here',
    });
    const up = await child.lines.take('the address', (line) => line.startsWith('Agent Gateway is up'));
    other.close();
    expect(child.output()).toContain(`Port ${port} is in use by another program`);
    expect(child.output()).toMatch(/It offers: .*\bscript\b/);
    const url = /http:\/\/[^;]+/.exec(up)?.[0] ?? '';
    const line = await child.lines.take('where the token is', (each) => each.includes('token is in'));
    const file = /\/\S+client-token/.exec(line)?.[0] ?? '';
    expect(existsSync(file) && statSync(file).mode & 0o777).toBe(0o600);
    const api = new Api(url, readFileSync(file, 'utf8'));
    const task = await api.createTask(script(['print hello']));
    expect(await api.finished(task.id)).toMatchObject({ status: 'completed', hostId: 'here' });
    const pids = treeOf(child.pid);
    expect((await child.stop()).code).toBe(0);
    expect(child.output()).toContain('Stopping.');
    await untilTrue('every process is gone', () => !pids.some(isAlive));
  });

  test("run by npm: tasks run in a directory of their own, without npm's PATH", async () => {
    const state = join(root, 'npm-state');
    const config = join(root, 'npm-config.json');
    const agents = { where: { protocol: 'text', command: ['/bin/sh', '-c', 'pwd; echo "$PATH"'] } };
    writeFileSync(config, JSON.stringify({ agents }));
    const env = { STATE_DIR: state, GATEWAY_CONFIG: config };
    const child = launch(['npm', 'start', '--silent'], { ...env, PATH: ownPath });
    const up = await child.lines.take('the address', (line) => line.startsWith('Agent Gateway is up'));
    const workspace = join(state, 'workspace');
    await child.lines.take('where tasks run', (line) => line.endsWith(`tasks run in ${workspace}.`));
    const api = new Api(/http:\/\/[^;]+/.exec(up)?.[0] ?? '', readFileSync(join(state, 'client-token'), 'utf8'));
    const { id } = await api.createTask({ prompt: 'x', agentType: 'where' });
    const { result } = await api.finished(id);
    const [cwd, path] = result?.output?.split('\n') ?? [];
    expect(cwd).toBe(workspace);
    expect(path).toBe(ownPath);
    const pids = treeOf(child.pid);
    expect((await child.stop()).code).toBe(0);
    await untilTrue('every process is gone', () => !pids.some(isAlive));
  });

  test.each([
    ['GATEWAY_MAX_CONCURRENT', 'many'],
    ['GATEWAY_HOST_ID', 'a b'],
  ])('a bad %s: a line that names it, exit code 2, and no word of being up', async (name, value) => {
    const child = launch([process.execPath, 'local/start.ts'], { STATE_DIR: join(root, name), [name]: value });
    expect((await within('its end', child.exited)).code).toBe(2);
    expect(child.output()).toContain(name);
    expect(child.output()).not.toContain('is up');
    expect(child.output()).not.toContain('curl');
  });
});

test("[C4] what npm runs takes npm's own SIGTERM: npm run serve ends cleanly", async () => {
  const child = launch(['npm', 'run', '--silent', 'serve'], {});
  await child.lines.take('the line with the URL', (line) => line.includes('http://127.0.0.1:'));
  const pids = treeOf(child.pid);
  expect((await child.stop()).code).toBe(0);
  await untilTrue('every process is gone', () => !pids.some(isAlive));
});
