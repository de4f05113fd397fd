import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Daemon } from '../e2e/harness/daemon.ts';
import { untilTrue } from '../e2e/harness/wait.ts';
import { World } from '../e2e/harness/world.ts';
import type { Peer } from '../support/fake-server.ts';
import { FakeV2Server } from '../support/fake-v2-server.ts';

let world: World;
let server: FakeV2Server;
let daemon: Daemon;
let peer: Peer;
beforeEach(async () => {
  world = new World();
  server = await new FakeV2Server().listen();
  daemon = world.daemon({
    serverUrl: server.url,
    hostId: 'host-1',
    token: 'the-own-token-of-the-daemon',
    env: { GATEWAY_MODELS: 'local/*' },
  });
  peer = await server.registered();
});
afterEach(async () => {
  await world.close();
  await server.close();
});

function execute(taskId: string, extra: Record<string, unknown> = {}): void {
  const task = { taskId, prompt: `touch ${taskId}.ran`, cwd: '', agentType: 'script', timeout: 60_000, ...extra };
  peer.send({ type: 'task:execute', attempt: 1, task });
}

/** The daemon works as ever. */
async function expectHealthy(): Promise<void> {
  execute('honest');
  expect(await peer.take('task:completed', 'honest')).toMatchObject({ result: { success: true } });
}

const OUTSIDE: [what: string, cwd: (daemon: Daemon) => string][] = [
  ['another directory', () => '/etc'],
  ['the root', () => '/'],
  ['the way up', () => '..'],
  ['the way up from a directory that is not there', () => 'nowhere/../../..'],
  ['the way up, slashes doubled', ({ cwd }) => `${cwd}//..//..`],
  ['a neighbour whose name begins alike', ({ cwd }) => `${cwd}-neighbour`],
  ['the same in other letters', ({ cwd }) => cwd.toUpperCase()],
  ['a full-width slash and dots', ({ cwd }) => `${cwd}/．．／．．`],
  ['an encoded way up', ({ cwd }) => `${cwd}/%2e%2e/%2e%2e`],
  ['a backslash', ({ cwd }) => `${cwd}\\..\\..`],
  ['a URL', ({ cwd }) => `file://${cwd}/..`],
  ['a home by its sign', () => '~'],
  ['a variable', () => '$HOME'],
  ['a command', () => '$(pwd)'],
  ['another process’s directory', () => '/proc/self/cwd'],
  ['a descriptor', () => '/dev/fd/0'],
];

describe('[L9] a server that sends a directory', () => {
  it.each(OUTSIDE)('%s: nothing runs, and no path is told', async (_what, cwd) => {
    mkdirSync(`${daemon.cwd}-neighbour`);
    execute('bad', { cwd: cwd(daemon) });
    const refused = await peer.take('task:refused', 'bad');
    expect(refused).toMatchObject({ reason: 'directory' });
    expect(refused.message).not.toContain(world.dir);
    expect(existsSync(join(daemon.cwd, 'bad.ran'))).toBe(false);
  });

  it('a symbolic link that leads out', async () => {
    symlinkSync('/etc', join(daemon.cwd, 'link'));
    symlinkSync('link', join(daemon.cwd, 'chain'));
    for (const cwd of ['link', 'chain', './chain/.'] as const) {
      execute(`bad-${cwd.replaceAll('/', '-')}`, { cwd });
      expect(await peer.take('task:refused')).toMatchObject({ reason: 'directory' });
    }
    // The way up is that of the words, not of the link.
    execute('inside', { cwd: 'link/..', prompt: 'cwd' });
    await peer.take('task:completed', 'inside');
    expect(server.stored('inside').contents).toEqual([realpathSync(daemon.cwd)]);
  });

  it('that becomes a link while it is judged: it runs in the real directory, or not at all', async () => {
    const place = join(daemon.cwd, 'place');
    mkdirSync(place);
    let isLink = false;
    const swapping = setInterval(() => {
      if (isLink) {
        unlinkSync(place);
        renameSync(join(daemon.cwd, 'kept'), place);
      } else {
        renameSync(place, join(daemon.cwd, 'kept'));
        symlinkSync(world.directory('elsewhere'), join(daemon.cwd, 'new-link'));
        renameSync(join(daemon.cwd, 'new-link'), place);
      }
      isLink = !isLink;
    }, 1);
    try {
      for (let index = 0; index < 20; index += 1) execute(`race-${index}`, { cwd: 'place', prompt: 'cwd' });
      const ends = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          peer.frames.take(
            `the end of race-${index}`,
            ({ type, taskId }) =>
              taskId === `race-${index}` && ['task:refused', 'task:completed', 'task:failed'].includes(type),
          ),
        ),
      );
      expect(JSON.stringify([ends, [...server.runs.values()]])).not.toContain('elsewhere');
    } finally {
      clearInterval(swapping);
    }
  });
});

const VARIABLES = [
  'PATH',
  'HOME',
  'LD_PRELOAD',
  'ld_library_path',
  'DYLD_INSERT_LIBRARIES',
  'NODE_OPTIONS',
  'BASH_ENV',
  'ENV',
  'BASH_FUNC_ls%%',
  'GIT_SSH_COMMAND',
  'GIT_CONFIG_COUNT',
  'ANTHROPIC_BASE_URL',
  'OPENAI_BASE_URL',
  'http_proxy',
  'HTTPS_PROXY',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'XDG_CONFIG_HOME',
  'TMPDIR',
  'CLAUDE_CONFIG_DIR',
  'CODEX_HOME',
  'GATEWAY_ALLOWED_ROOTS',
  'AGENT_GATEWAY_RUN',
];

describe('[L9] a server that sends', () => {
  it.each(VARIABLES)('the variable %s: nothing runs', async (name) => {
    execute('bad', { env: { [name]: 'evil' } });
    // What is no name of a variable does not even pass the schema.
    const refused = await Promise.race([peer.take('task:refused', 'bad'), peer.take('task:failed', 'bad')]);
    expect(JSON.stringify(refused)).toMatch(/environment|env/);
    expect(existsSync(join(daemon.cwd, 'bad.ran'))).toBe(false);
  });

  it.each([
    ['an agent that there is not', { agentType: 'rm' }, 'agent'],
    ['an agent by its path', { agentType: '/bin/sh' }, 'agent'],
    ['an agent by its prototype', { agentType: '__proto__' }, 'agent'],
    ['a model that is not allowed', { model: 'other/large' }, 'policy'],
    ['a model as a flag', { model: '--dangerously-skip-permissions' }, 'policy'],
  ])('%s: nothing runs', async (_what, extra, reason) => {
    execute('bad', extra);
    expect(await peer.take('task:refused', 'bad')).toMatchObject({ reason });
  });

  it('a task id that is a path: nothing is written outside, and nothing runs', async () => {
    for (const taskId of ['../../escaped', '/tmp/escaped', 'a/b', 'a\0b', '.', '..', 'x'.repeat(300)]) execute(taskId);
    await expectHealthy();
    const runs = join(daemon.stateDir, 'runs');
    expect(readdirSync(runs).filter((name) => !name.startsWith('honest'))).toEqual([]);
    expect(existsSync(join(daemon.stateDir, '..', 'escaped'))).toBe(false);
  });

  it('ten thousand tasks: it refuses what it cannot run, and goes on', async () => {
    for (let index = 0; index < 10_000; index += 1) execute(`flood-${index}`, { prompt: 'sleep 600000' });
    await untilTrue(
      'all are answered',
      () => peer.frames.all.filter(({ type }) => type === 'task:refused' || type === 'task:started').length >= 10_000,
    );
    expect(peer.frames.all.filter(({ type }) => type === 'task:started')).toHaveLength(2);
    expect(readdirSync(join(daemon.stateDir, 'runs'))).toHaveLength(2);
  });

  it('a frame of 40 MiB: it hangs up, and comes back', async () => {
    peer.send({ type: 'task:input', taskId: 'x', content: 'x'.repeat(40 * 1024 * 1024) });
    peer = await server.registered();
    await expectHealthy();
  });

  it('frames that make no sense: it goes on', async () => {
    const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`;
    for (const text of [
      '',
      'null',
      '[]',
      '{',
      '{"type":"__proto__"}',
      '{"type":"constructor","task":{}}',
      '{"__proto__":{"agents":["rm"]},"type":"config:update","config":{}}',
      `{"type":"task:execute","attempt":1,"task":{"taskId":"deep","prompt":"x","cwd":"","agentType":"script","metadata":${deep}}}`,
      '{"type":"task:execute","attempt":1e999,"task":{}}',
      '{"type":"config:update","config":{"heartbeatInterval":0,"maxRetries":-1}}',
      '{"type":"config:update","config":{"allowedRoots":["/"],"agents":{"rm":{}}}}',
    ])
      peer.socket.send(text);
    await expectHealthy();
    execute('still', { cwd: '/etc' });
    expect(await peer.take('task:refused', 'still')).toMatchObject({ reason: 'directory' });
  });

  it('a prompt and an input with all that a shell would take: the agent gets them, nothing else does', async () => {
    const words = ['$(touch pwned)', '`touch pwned`', '; touch pwned', '| touch pwned', '&& touch pwned', '> pwned'];
    execute('words', { agentType: 'chat', prompt: words.map((word) => `print ${word}`).join('\n') });
    await peer.take('task:started', 'words');
    peer.send({ type: 'task:input', taskId: 'words', attempt: 1, inputId: 'i', content: '$(touch pwned)' });
    peer.send({ type: 'task:input', taskId: 'words', attempt: 1, inputId: 'j', content: 'exit 0' });
    await peer.take('task:completed', 'words');
    expect(server.stored('words').contents).toEqual([...words, 'got $(touch pwned)']);
    expect(existsSync(join(daemon.cwd, 'pwned'))).toBe(false);
  });

  it('whatever it sends, its token is in no run and in no log', async () => {
    // Still running: its directory holds all that it ever does, and stays where it is.
    execute('curious', { prompt: 'env GATEWAY_AUTH_TOKEN\nenv GATEWAY_CONFIG\nsleep 600000' });
    await untilTrue('what the agent says', () => server.stored('curious').contents.length === 2);
    expect(server.stored('curious').contents).toEqual(['GATEWAY_AUTH_TOKEN=(unset)', 'GATEWAY_CONFIG=(unset)']);
    expect(daemon.child.output()).not.toContain('the-own-token');
    const files = z.array(z.string()).parse(readdirSync(daemon.stateDir, { recursive: true, encoding: 'utf8' }));
    expect(files).toContain(join('runs', 'curious.1', 'request.json'));
    for (const file of files.filter((name) => /\.(json|jsonl|log)$/.test(name)))
      expect(readFileSync(join(daemon.stateDir, file), 'utf8')).not.toContain('the-own-token');
  });
});

it('[R28] a token that nobody asked for is not kept, and not used', async () => {
  peer.send({ type: 'token:renewed', token: 'of-the-attacker', expiresAt: Date.now() + 60_000 });
  await expectHealthy();
  peer.socket.close(1013);
  const next = await server.registered();
  expect(next.request.headers.authorization).toBe('Bearer the-own-token-of-the-daemon');
  expect(existsSync(join(daemon.stateDir, 'credentials.json'))).toBe(false);
  expect(daemon.child.output()).not.toContain('of-the-attacker');
});
