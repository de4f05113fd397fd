import { mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SETTINGS, settingNames } from '../../../../gateway/config/settings.ts';
import { hostIdSchema } from '../../../../shared/ids.ts';
import { Place } from './support.ts';

let place: Place;
beforeEach(() => {
  place = new Place();
});
afterEach(() => place.remove());

describe('[C5] where a setting comes from', () => {
  test('a flag wins over the environment, that over the file, and that over the default', () => {
    expect(place.load().serverUrl).toBe('ws://localhost:8787');
    place.file({ serverUrl: 'ws://file', maxConcurrent: 7, hostName: 'from file' });
    expect(place.load().serverUrl).toBe('ws://file');
    const environment = { GATEWAY_SERVER_URL: 'ws://environment', GATEWAY_MAX_CONCURRENT: '5' };
    expect(place.load([], environment)).toMatchObject({ serverUrl: 'ws://environment', maxConcurrent: 5 });
    expect(place.load(['--server-url', 'ws://flag'], environment)).toMatchObject({
      serverUrl: 'ws://flag',
      maxConcurrent: 5,
      hostName: 'from file',
    });
  });

  test('an empty variable or flag is an absent one', () => {
    const config = place.load(['--name='], { GATEWAY_SERVER_URL: '', GATEWAY_AGENTS: '', GATEWAY_CONFIG: '' });
    expect(config).toMatchObject({ serverUrl: 'ws://localhost:8787', agents: null });
  });

  test('lists and pairs mean the same as text and as JSON', () => {
    const [a, b] = [place.directory('a'), place.directory('b')];
    const expected = {
      allowedRoots: [a, b],
      labels: { os: 'linux', gpu: 'h100=2' },
      passEnv: ['AWS_*', 'FOO'],
      taskEnv: ['BAR'],
    };
    const text = {
      GATEWAY_ALLOWED_ROOTS: `${a}:${b}`,
      GATEWAY_LABELS: 'os=linux, gpu=h100=2',
      GATEWAY_PASS_ENV: 'AWS_*, FOO',
      GATEWAY_TASK_ENV: 'BAR',
    };
    expect(place.load([], text)).toMatchObject(expected);
    expect(place.load([], { ...text, GATEWAY_ALLOWED_ROOTS: `${a},${b}` })).toMatchObject(expected);
    place.file(expected);
    expect(place.load()).toMatchObject(expected);
  });

  test('GATEWAY_AGENTS narrows, the file defines', () => {
    place.file({
      agents: {
        lines: { command: ['node', 'x.mjs'] },
        chat: { protocol: 'text', command: ['y'], input: true },
        acp: { protocol: 'acp', command: ['opencode', 'acp'] },
      },
    });
    const config = place.load(['--agents', 'lines,opencode']);
    expect(config.agents).toEqual(['lines', 'opencode']);
    expect(config.customAgents).toEqual({
      lines: { protocol: 'text', command: ['node', 'x.mjs'], input: false },
      chat: { protocol: 'text', command: ['y'], input: true },
      acp: { protocol: 'acp', command: ['opencode', 'acp'] },
    });
  });

  test('every setting has a variable and a flag of its own', () => {
    const names = settingNames();
    expect(new Set(names.map((name) => SETTINGS[name].env)).size).toBe(names.length);
    expect(new Set(names.map((name) => SETTINGS[name].flag)).size).toBe(names.length);
  });
});

describe('the server’s address', () => {
  test.each([
    ['http://localhost:8787', 'ws://localhost:8787'],
    ['https://gateway.example.com/', 'wss://gateway.example.com'],
    ['wss://example.com/base/', 'wss://example.com/base'],
    ['wss://example.com/agent/ws', 'wss://example.com'],
  ])('%s is %s', (given, meant) => expect(place.load(['--server-url', given]).serverUrl).toBe(meant));

  test.each(['localhost:8787', 'ftp://x', 'not a url', 'wss://user:pass@x'])('%s is refused', (url) =>
    expect(() => place.load(['--server-url', url])).toThrow('--server-url: must'),
  );
});

describe('a bad setting is named, with its source', () => {
  test.each([
    [[], { GATEWAY_MAX_CONCURRENT: '0' }, 'GATEWAY_MAX_CONCURRENT: must be at least 1'],
    [['--max-concurrent', 'two'], {}, '--max-concurrent: must be a whole number'],
    [['--host-id', 'no spaces'], {}, '--host-id: must be 1 to 64 letters'],
    [[], { GATEWAY_LABELS: 'os' }, 'GATEWAY_LABELS: must be pairs'],
    [[], { GATEWAY_PASS_ENV: 'A-B' }, 'GATEWAY_PASS_ENV: 0 must be names'],
    [['--cwd', '/no/such/place'], {}, '--cwd: ENOENT'],
    [[], { GATEWAY_ALLOWED_ROOTS: '/no/such/place' }, 'GATEWAY_ALLOWED_ROOTS: ENOENT'],
    [[], { GATEWAY_AUTH_TOKEN: 'two words' }, 'GATEWAY_AUTH_TOKEN: must be one word'],
    [[], { GATEWAY_CONFIG: '/no/such/file.json' }, 'cannot read the configuration file /no/such/file.json'],
    [['--colour'], {}, "Unknown option '--colour'"],
    [['--cwd'], {}, '--cwd'],
    [['--drain', '--abort-on-exit'], {}, 'exclude each other'],
  ])('%j %j', (argv, environment, message) => expect(() => place.load(argv, environment)).toThrow(message));

  test('the rules for what agents may do stand in the file, and a bad one is named', () => {
    place.file({ permissions: [{ tool: 'edit', path: '/srv/*', decision: 'allow' }] });
    expect(place.load([]).permissions).toEqual([{ tool: 'edit', path: '/srv/*', decision: 'allow' }]);
    place.file({ permissions: [{ command: 'rm *', decision: 'maybe' }] });
    expect(() => place.load([])).toThrow(/permissions\.0\.decision|permissions\[0\]\.decision/);
  });

  test('in the file', () => {
    const path = place.file({ maxConcurrent: -1 });
    expect(() => place.load()).toThrow(`"maxConcurrent" in ${path}: must be at least 1`);
    place.file({ maxConcurent: 1 });
    expect(() => place.load()).toThrow('maxConcurent');
    place.file({ agents: { x: { protocol: 'text', command: [] } } });
    expect(() => place.load()).toThrow('agents.x.command');
    place.file('{"a":');
    expect(() => place.load()).toThrow('is not JSON');
  });

  test('no token: which host it is for, and how to get one', () => {
    expect(() => place.load(['--host-id', 'laptop'], { GATEWAY_AUTH_TOKEN: '' })).toThrow(
      /GATEWAY_AUTH_TOKEN.*"laptop".*POST \/api\/hosts\/laptop\/tokens/,
    );
  });
});

describe('[L9] where agents run', () => {
  test('in the working directory by default, and only there', () => {
    expect(place.load()).toMatchObject({ cwd: place.project, allowedRoots: [place.project] });
  });

  test.each(['/', homedir()])('%s only when it is named', (cwd) => {
    expect(() => place.load([], {}, cwd)).toThrow('name a directory with --cwd or GATEWAY_CWD');
    expect(place.load(['--cwd', cwd], {}, cwd).cwd).toBe(cwd);
  });

  test('symlinks are followed', () => {
    const link = join(place.dir, 'link');
    symlinkSync(place.project, link);
    expect(place.load(['--cwd', link])).toMatchObject({ cwd: place.project, allowedRoots: [place.project] });
  });
});

describe('the state directory', () => {
  test('is for its owner alone, and keeps the host id', () => {
    const first = place.load();
    expect(hostIdSchema.parse(first.hostId)).toBe(first.hostId);
    expect(statSync(place.stateDir).mode & 0o777).toBe(0o700);
    expect(statSync(join(place.stateDir, 'host-id')).mode & 0o777).toBe(0o600);
    expect(place.load().hostId).toBe(first.hostId);
    expect(place.load(['--host-id', 'other']).hostId).toBe('other');
    expect(place.load().hostId).toBe(first.hostId);
  });

  test('that cannot be read or written stops the daemon: which one, and what to do', () => {
    // Nobody makes files or directories there, whoever this test runs as.
    for (const path of ['/proc', '/proc/x/y']) {
      expect(() => place.load([], { GATEWAY_STATE_DIR: path })).toThrow(
        new RegExp(`state directory, ${path}: .*--state-dir or GATEWAY_STATE_DIR`),
      );
    }
    symlinkSync('/nowhere/at/all', join(place.project, 'link'));
    expect(() => place.load(['--state-dir', join(place.project, 'link')])).toThrow('is a link that leads nowhere');
    mkdirSync(place.stateDir);
    writeFileSync(join(place.stateDir, 'runs'), '');
    expect(() => place.load()).toThrow(`state directory, ${join(place.stateDir, 'runs')}: ENOTDIR`);
  });

  test('follows XDG_STATE_HOME', () => {
    const state = place.directory('xdg');
    const config = place.load([], { GATEWAY_STATE_DIR: '', XDG_STATE_HOME: state });
    expect(config.stateDir).toBe(join(state, 'agent-gateway'));
  });
});

describe('[R28] a token that the state directory keeps', () => {
  const KEPT = { serverUrl: 'wss://gateway.example', hostId: 'enrolled', token: 'kept', expiresAt: 1 };
  const NONE = { GATEWAY_AUTH_TOKEN: '' };
  const keep = (kept: unknown) => {
    mkdirSync(place.stateDir, { recursive: true });
    writeFileSync(join(place.stateDir, 'credentials.json'), typeof kept === 'string' ? kept : JSON.stringify(kept));
  };

  test('names server and host where nothing else does', () => {
    keep(KEPT);
    const { serverUrl, hostId, authToken, isEnrolled } = place.load([], NONE);
    expect({ serverUrl, hostId, authToken, isEnrolled }).toEqual({
      serverUrl: KEPT.serverUrl,
      hostId: 'enrolled',
      authToken: 'kept',
      isEnrolled: true,
    });
  });

  test('gives way to one that the owner gives', () => {
    keep(KEPT);
    expect(place.load([])).toMatchObject({ authToken: 'token', isEnrolled: false });
  });

  test('goes to no other server, and is used for no other host', () => {
    keep(KEPT);
    expect(() => place.load(['--server-url', 'wss://evil.example'], NONE)).toThrow('no token');
    expect(() => place.load(['--host-id', 'another'], NONE)).toThrow('no token');
    expect(place.load(['--server-url', 'https://gateway.example/', '--host-id', 'enrolled'], NONE).isEnrolled).toBe(
      true,
    );
  });

  test('damaged, is not quoted: it may be the token', () => {
    keep('secret-token-and-no-json');
    expect(() => place.load([], NONE)).toThrow(/it is not JSON/);
    expect(() => place.load([], NONE)).not.toThrow(/secret-token/);
  });

  test.each(['{', '{}', JSON.stringify({ ...KEPT, token: 'two words' })])('damaged, names the file: %s', (text) => {
    keep(text);
    expect(() => place.load([], NONE)).toThrow(/credentials\.json.*enroll again/);
  });
});
