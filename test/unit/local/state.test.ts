import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeProtectedHeader, jwtVerify } from 'jose';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { secondsOf } from '../../../local/duration.ts';
import { localHostId } from '../../../local/gateway.ts';
import { listenOf } from '../../../local/listen.ts';
import { prepareStateDir, secretOf, stateDirOf, writePrivate } from '../../../local/state.ts';
import { mintToken } from '../../../local/tokens.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'agent-gateway-state-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

describe('where a server keeps its state [C4]', () => {
  test("STATE_DIR, else the user's state directory", () => {
    expect(stateDirOf({ STATE_DIR: '/a/b', XDG_STATE_HOME: '/x' })).toBe('/a/b');
    expect(stateDirOf({ STATE_DIR: '', XDG_STATE_HOME: '/x' })).toBe('/x/agent-gateway-server');
    expect(stateDirOf({})).toBe(join(homedir(), '.local/state/agent-gateway-server'));
  });

  test("is its owner's alone, and so are its files", () => {
    const nested = join(dir, 'a/b');
    prepareStateDir(nested);
    writePrivate(join(nested, 'file'), 'text');
    expect(statSync(nested).mode & 0o777).toBe(0o700);
    expect(statSync(join(nested, 'file')).mode & 0o777).toBe(0o600);
    expect(() => prepareStateDir(join(nested, 'file/below'))).toThrow('cannot use the state directory');
  });

  test('that is there is left as it is, with one warning when others can read it', () => {
    const warnings: string[] = [];
    chmodSync(dir, 0o755);
    for (let time = 0; time < 2; time += 1) prepareStateDir(dir, (line) => warnings.push(line));
    expect(statSync(dir).mode & 0o777).toBe(0o755);
    expect(warnings).toEqual([expect.stringContaining(`others can read the state directory ${dir}`)]);
  });

  test('where none can be made: an error with the exit code of a bad setting', () => {
    expect(() => prepareStateDir('/proc/x/y')).toThrow(expect.objectContaining({ exitCode: 2 }));
    const link = join(dir, 'link');
    symlinkSync('/nowhere/at/all', link);
    expect(() => prepareStateDir(link)).toThrow(`${link} is a link that leads nowhere`);
  });
});

describe('the secret [C3]', () => {
  test('given: as it is, however short, and not kept', () => {
    expect(secretOf({ JWT_SECRET: 'short' }, dir)).toBe('short');
    expect(readdirSync(dir)).toEqual([]);
  });

  test('not given: made once, kept for its owner alone', () => {
    const made = secretOf({}, dir);
    expect(Buffer.byteLength(made)).toBeGreaterThanOrEqual(32);
    expect(secretOf({ JWT_SECRET: '' }, dir)).toBe(made);
    expect(statSync(join(dir, 'jwt-secret')).mode & 0o777).toBe(0o600);
    expect(readdirSync(dir)).toEqual(['jwt-secret']);
  });

  test('a kept one that cannot sign is named', () => {
    writeFileSync(join(dir, 'jwt-secret'), 'short\n');
    expect(() => secretOf({}, dir)).toThrow(join(dir, 'jwt-secret'));
  });
});

describe('tokens made here [C3]', () => {
  const secret = 's'.repeat(40);
  const order = { secret, sub: 'h1', role: 'host', expiresInSeconds: 60, nowMs: 1_900_000_000_250 } as const;

  test('carry what the server asks for', async () => {
    const token = await mintToken({ ...order, pool: 'p' });
    const currentDate = new Date(order.nowMs);
    const { payload } = await jwtVerify(token, new TextEncoder().encode(secret), { currentDate });
    expect(payload).toMatchObject({ sub: 'h1', role: 'host', pool: 'p', iat: 1_900_000_000.25, exp: 1_900_000_061 });
    expect(decodeProtectedHeader(token).alg).toBe('HS256');
  });

  test('are refused where the server would refuse them', async () => {
    await expect(mintToken({ ...order, sub: 'a b' })).rejects.toThrow('host id');
    await expect(mintToken({ ...order, pool: 'a/b' })).rejects.toThrow();
  });

  test.each([
    ['90', null],
    ['90s', 90],
    ['30m', 1800],
    ['12h', 43_200],
    ['7d', 604_800],
    ['0', null],
    ['-1', null],
    ['1.5h', null],
    ['1w', null],
    ['', null],
  ])('a life of %j is %j seconds', (text, seconds) => {
    expect(secondsOf(text)).toBe(seconds);
  });
});

test.each([
  [{}, { host: '127.0.0.1', port: 8787 }],
  [
    { PORT: '0', HOST: '::1' },
    { host: '::1', port: 0 },
  ],
  [
    { PORT: '', HOST: '' },
    { host: '127.0.0.1', port: 8787 },
  ],
])('[C4] %j listens on %j', (env, expected) => {
  expect(listenOf(env)).toEqual(expected);
});

test.each(['65536', '-1', '80x', '1e3', ' '])('[C4] PORT %j is refused by name', (port) => {
  expect(() => listenOf({ PORT: port })).toThrow('"PORT"');
});

test.each([
  ['vm', 'vm'],
  ['My Laptop.local', 'My-Laptop.local'],
  ['', 'local'],
  ['-x', 'local'],
  ['é', 'local'],
])('[C2] the machine %j gives the host id %j', (name, id) => {
  expect(localHostId(name)).toBe(id);
});
