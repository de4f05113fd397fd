import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Api } from './harness/api.ts';
import { Child } from './harness/child.ts';
import { script } from './harness/prompt.ts';
import { REPOSITORY } from './harness/repository.ts';
import type { Server } from './harness/server.ts';
import { until, within } from './harness/wait.ts';
import { World } from './harness/world.ts';

const world = new World();
let server: Server;
let admin: Api;
beforeAll(async () => {
  server = await world.server();
  admin = server.api();
});
afterAll(() => world.close());

const codeSchema = z.object({ code: z.string() });
const credentialsSchema = z.object({ token: z.string(), hostId: z.string(), expiresAt: z.int() });

async function codeFor(body: object): Promise<string> {
  return codeSchema.parse((await admin.request('POST', '/api/enrolments', { body })).body).code;
}

/** `agent-gateway enroll`; resolves to its exit code and what it printed. */
async function enroll(dir: string, flags: readonly string[]): Promise<{ code: number | null; output: string }> {
  const child = new Child({
    command: [process.execPath, 'gateway/main.ts', 'enroll', ...flags],
    cwd: REPOSITORY,
    env: { PATH: '/usr/bin:/bin', HOME: world.home, TMPDIR: world.temporary, GATEWAY_STATE_DIR: join(dir, 'state') },
  });
  const { code } = await within('end of enroll', child.exited);
  return { code, output: child.output() };
}

function kept(dir: string) {
  return credentialsSchema.parse(JSON.parse(readFileSync(join(dir, 'state', 'credentials.json'), 'utf8')));
}

/** A daemon that is told neither token nor server nor host id: its state directory knows. */
function enrolledDaemon(dir: string) {
  return world.daemon({ dir, serverUrl: '', hostId: '', token: '' });
}

describe('[R26] agent-gateway enroll', () => {
  it('makes a machine a host: the daemon needs no token after it', async () => {
    const dir = world.directory('machine');
    const flags = ['--server', server.url, '--code', await codeFor({}), '--host-id', 'machine'];
    const { code, output } = await enroll(dir, flags);
    expect({ code, output }).toMatchObject({ code: 0, output: expect.stringContaining('Enrolled as machine') });
    const { token, hostId } = kept(dir);
    expect(hostId).toBe('machine');
    expect(output).not.toContain(token);
    expect(statSync(join(dir, 'state', 'credentials.json')).mode & 0o777).toBe(0o600);
    const daemon = enrolledDaemon(dir);
    await admin.untilHost('machine', 'online');
    const task = await admin.createTask(script(['print done'], { hostId: 'machine' }));
    await admin.untilStatus(task.id, 'completed');
    expect(daemon.child.output()).not.toContain(token);
    // A daemon at work would put its own token back in the place of the new one.
    const again = await enroll(dir, ['--server', server.url, '--code', await codeFor({ hostId: 'machine' })]);
    expect(again).toMatchObject({ code: 2, output: expect.stringMatching(/another daemon|in use|running/i) });
    expect(kept(dir).token).toBe(token);
  });

  it('takes the code from stdin, and the host’s name from the code, or else from the file', async () => {
    const dir = world.directory('piped');
    mkdirSync(join(dir, 'state'), { recursive: true });
    const env = { PATH: '/usr/bin:/bin', HOME: world.home, GATEWAY_STATE_DIR: join(dir, 'state') };
    const run = (args: readonly string[], input = '') =>
      spawnSync(process.execPath, ['gateway/main.ts', 'enroll', ...args], {
        cwd: REPOSITORY,
        env,
        input,
        encoding: 'utf8',
      });
    const code = await codeFor({ hostId: 'piped' });
    const { status, stdout } = run(['--server', server.url, '--code', '-'], `${code}\n`);
    expect([status, stdout]).toEqual([0, expect.stringContaining('Enrolled as piped')]);
    expect(kept(dir).hostId).toBe('piped');
    writeFileSync(join(dir, 'state', 'config.json'), JSON.stringify({ hostId: 'of-the-file', serverUrl: server.url }));
    expect(run(['--code', await codeFor({})]).stdout).toContain('Enrolled as of-the-file');
    expect(run(['--help']).stdout).toContain('usage: agent-gateway enroll');
  });

  it.each([
    ['no code', () => [], '--code is required'],
    ['a code that is none', () => ['--code', 'x'], 'answered 401'],
    ['an unknown flag', () => ['--token', 'x'], "Unknown option '--token'"],
  ])('says what is wrong and keeps nothing: %s', async (_what, flags, message) => {
    const dir = world.directory('refused');
    const { code, output } = await enroll(dir, ['--server', server.url, ...flags()]);
    expect(code).toBe(2);
    expect(output).toContain(message);
    expect(() => kept(dir)).toThrow('ENOENT');
  });

  it('[R31] shows what a hostile server says, and lets it not write to the terminal', async () => {
    const hostile = createServer((_request, response) => {
      response.statusCode = 401;
      response.end(JSON.stringify({ error: { code: 'x', message: 'no\u001b[2J\u001b]0;owned\u0007\rEnrolled' } }));
    });
    await new Promise<void>((resolve) => hostile.listen(0, '127.0.0.1', resolve));
    world.onClose(() => void hostile.close());
    const address = z.object({ port: z.number() }).parse(hostile.address());
    const dir = world.directory('hostile');
    const { output } = await enroll(dir, ['--code', 'x', '--server', `http://127.0.0.1:${address.port}`]);
    expect(output).toContain('answered 401: no\\u001b[2J\\u001b]0;owned\\u0007\\u000dEnrolled');
    expect(output).not.toContain('\u001b');
  });

  it('names a server that is not there, and one that is none', async () => {
    const dir = world.directory('nowhere');
    expect(await enroll(dir, ['--code', 'x', '--server', 'http://127.0.0.1:1'])).toMatchObject({
      code: 2,
      output: expect.stringContaining('cannot reach http://127.0.0.1:1/api/enroll'),
    });
    expect(await enroll(dir, ['--code', 'x', '--server', 'gopher://x'])).toMatchObject({ code: 2 });
    expect(await enroll(dir, ['--code', 'x'])).toMatchObject({
      output: expect.stringContaining('--server is required'),
    });
  });
});

describe('[R28] the token of an enrolled host', () => {
  it('is renewed before it expires, over the connection, which stays; revoking it by its id ends all of them', async () => {
    const dir = world.directory('renewed');
    const code = await codeFor({ hostId: 'renewed', expiresIn: 6 });
    await enroll(dir, ['--server', server.url, '--code', code, '--host-id', 'renewed']);
    const first = kept(dir);
    const daemon = enrolledDaemon(dir);
    const { connectedAt } = await admin.untilHost('renewed', 'online');
    const renewals = async (count: number, since: { expiresAt: number }) =>
      until(`${count} renewals`, async () =>
        kept(dir).expiresAt > since.expiresAt + (count - 1) * 3000 ? kept(dir) : undefined,
      );
    const second = await renewals(2, first);
    expect(second.token).not.toBe(first.token);
    // The first one has expired by now.
    expect(await admin.host('renewed')).toMatchObject({ status: 'online', connectedAt });
    expect(daemon.child.output()).not.toContain(second.token);
    await daemon.crash();
    daemon.startAgain();
    await admin.untilTask(
      'runs',
      (await admin.createTask(script(['print x'], { hostId: 'renewed' }))).id,
      ({ status }) => status === 'completed',
    );
    const idOf = ({ token }: { token: string }) =>
      z.object({ jti: z.string() }).parse(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()))
        .jti;
    expect(idOf(kept(dir))).toBe(idOf(first));
    await admin.request('DELETE', `/api/tokens/${idOf(first)}`);
    expect(await within('exit', daemon.child.exited)).toMatchObject({ code: 77 });
  });

  it('is renewed at once when that was due while the host was away', async () => {
    const dir = world.directory('away');
    mkdirSync(join(dir, 'state'), { recursive: true });
    const now = Math.floor(Date.now() / 1000);
    const exp = now + 300;
    const token = server.token({ sub: 'away', role: 'host', iat: now - 3000, exp, renewable: true });
    const old = { serverUrl: server.webSocketUrl, hostId: 'away', token, expiresAt: exp * 1000 };
    writeFileSync(join(dir, 'state', 'credentials.json'), JSON.stringify(old));
    enrolledDaemon(dir);
    const renewed = await until('a renewal', async () => (kept(dir).token === token ? undefined : kept(dir)));
    expect(renewed.expiresAt).toBeGreaterThan((now + 3000) * 1000);
    await admin.untilHost('away', 'online');
  });

  it('that the owner gave by hand is theirs to renew', async () => {
    const token = server.token({ sub: 'by-hand', role: 'host', exp: Math.floor(Date.now() / 1000) + 4 });
    const daemon = await world.onlineDaemon(server, { hostId: 'by-hand', token });
    expect(await within('exit', daemon.child.exited)).toMatchObject({ code: 77 });
    expect(() => readFileSync(join(daemon.stateDir, 'credentials.json'))).toThrow('ENOENT');
  });
});
