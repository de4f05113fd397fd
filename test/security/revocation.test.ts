import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { CLOSE } from '../../shared/close-codes.ts';
import { Api } from '../e2e/harness/api.ts';
import { script } from '../e2e/harness/prompt.ts';
import type { Server } from '../e2e/harness/server.ts';
import { until, within } from '../e2e/harness/wait.ts';
import { watchBySocket } from '../e2e/harness/watch-socket.ts';
import { World } from '../e2e/harness/world.ts';

const world = new World();
let server: Server;
let admin: Api;
let running: string;
beforeAll(async () => {
  server = await world.server();
  admin = server.api();
  await world.onlineDaemon(server, { hostId: 'steady' });
  running = (await admin.createTask(script(['print hello', 'sleep 600000'], { hostId: 'steady' }))).id;
  await admin.untilStatus(running, 'running');
});
afterAll(() => world.close());

/** A client with a token that can be revoked. */
function client(claims: Record<string, unknown> = {}): { api: Api; jti: string } {
  const jti = randomUUID();
  return { jti, api: new Api(server.url, server.token({ sub: 'eve', role: 'client', jti, ...claims })) };
}

async function revoke(jti: string): Promise<void> {
  expect((await admin.request('DELETE', `/api/tokens/${jti}`)).status).toBe(204);
}

/** A host's connection that has not said anything yet. */
async function rawHost(hostId: string, token: string): Promise<{ socket: WebSocket; closed: Promise<number> }> {
  const url = `${server.webSocketUrl}/agent/ws?hostId=${hostId}`;
  const socket = new WebSocket(url, { headers: { authorization: `Bearer ${token}` } });
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  await within('open', new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject)));
  return { socket, closed };
}

describe('[R25] a token that is revoked by its id', () => {
  it('of a client: its calls, its streams and its WebSockets end; nobody else’s calls do', async () => {
    const [eve, other] = [client(), client()];
    const socket = watchBySocket(server.url, eve.api.token, running);
    const stream = await eve.api.watch(running);
    await stream.messages.take('an entry', () => true);
    await revoke(eve.jti);
    expect((await eve.api.request('GET', '/api/tasks')).status).toBe(401);
    expect((await socket).code).toBe(CLOSE.UNAUTHENTICATED);
    await stream.rest();
    expect((await other.api.request('GET', '/api/tasks')).status).toBe(200);
  });

  it('of an admin, by another one; it cannot take that back', async () => {
    const { api, jti } = client({ role: 'admin' });
    await revoke(jti);
    for (const [method, path] of [
      ['POST', '/api/enrolments'],
      ['POST', '/api/hosts/steady/tokens'],
      ['DELETE', `/api/tokens/${jti}`],
      ['GET', '/api/audit'],
    ] as const)
      expect((await api.request(method, path)).status).toBe(401);
  });

  it('of a connected host: its socket is closed and the daemon does not come back', async () => {
    const jti = randomUUID();
    const token = server.token({ sub: 'stolen', role: 'host', jti });
    const daemon = await world.onlineDaemon(server, { hostId: 'stolen', token });
    await revoke(jti);
    expect(await within('exit', daemon.child.exited)).toMatchObject({ code: 77 });
    await admin.untilHost('stolen', 'offline');
    expect(await admin.host('steady')).toMatchObject({ status: 'busy' });
  });

  it('of a host that has connected and not registered yet: registering closes it', async () => {
    const jti = randomUUID();
    const { socket, closed } = await rawHost('sneaky', server.token({ sub: 'sneaky', role: 'host', jti }));
    await revoke(jti);
    const capabilities = { name: 'sneaky', agents: ['x'], maxConcurrent: 1, cwd: '/' };
    socket.send(JSON.stringify({ type: 'register', hostId: 'sneaky', capabilities }));
    expect(await within('close', closed)).toBe(CLOSE.UNAUTHENTICATED);
  });

  it('of a host that nobody knows yet, registering later, takes the place of no connection', async () => {
    const jti = randomUUID();
    const { socket, closed } = await rawHost('double', server.token({ sub: 'double', role: 'host', jti }));
    await revoke(jti);
    const honest = await world.onlineDaemon(server, { hostId: 'double' });
    const before = await admin.host('double');
    const capabilities = { name: 'double', agents: ['x'], maxConcurrent: 9, cwd: '/' };
    socket.send(JSON.stringify({ type: 'register', hostId: 'double', capabilities }));
    expect(await within('close', closed)).toBe(CLOSE.UNAUTHENTICATED);
    expect(await admin.host('double')).toMatchObject({
      status: 'online',
      connectedAt: before?.connectedAt,
      capabilities: before?.capabilities,
    });
    expect(honest.child.ended).toBe(false);
  });

  it('of a host that is away: a connection that has not registered is closed', async () => {
    const daemon = await world.onlineDaemon(server, { hostId: 'away' });
    await daemon.stop();
    await admin.untilHost('away', 'offline');
    const jti = randomUUID();
    const { closed } = await rawHost('away', server.token({ sub: 'away', role: 'host', jti }));
    await revoke(jti);
    expect(await within('close', closed)).toBe(CLOSE.UNAUTHENTICATED);
  });

  it('stays revoked when the server starts again', async () => {
    const { api, jti } = client();
    await revoke(jti);
    await server.stop();
    await server.startAgain();
    expect((await api.request('GET', '/api/tasks')).status).toBe(401);
    await admin.untilHost('steady', 'busy');
  });

  it('of another pool is not touched', async () => {
    const mine = client({ pool: 'theirs' });
    await revoke(mine.jti);
    expect((await mine.api.request('GET', '/api/tasks')).status).toBe(200);
  });
});

it('[R25] a stream does not outlive the token that opened it', async () => {
  const { api } = client({ exp: Math.floor(Date.now() / 1000) + 3 });
  const socket = watchBySocket(server.url, api.token, running);
  const stream = await api.watch(running);
  expect((await socket).code).toBe(CLOSE.UNAUTHENTICATED);
  await stream.rest();
  expect((await api.request('GET', '/api/tasks')).status).toBe(401);
});

describe('[R26] an enrolment code', () => {
  const codeSchema = z.object({ code: z.string() });
  const tokenSchema = z.object({ token: z.string(), pool: z.string() });
  const codeFor = async (body?: unknown, api = admin) =>
    codeSchema.parse((await api.request('POST', '/api/enrolments', { ...(body === undefined ? {} : { body }) })).body)
      .code;
  const enroll = (code: string, hostId: string) =>
    admin.request('POST', '/api/enroll', { token: null, body: { code, hostId } });

  it('gives a host its token once; of ten at once one gets it', async () => {
    const code = await codeFor();
    const replies = await Promise.all(Array.from({ length: 10 }, () => enroll(code, 'newcomer')));
    expect(replies.map(({ status }) => status).toSorted()).toEqual([201, ...Array.from({ length: 9 }, () => 401)]);
    const { token } = tokenSchema.parse(replies.find(({ status }) => status === 201)?.body);
    await world.onlineDaemon(server, { hostId: 'newcomer', token });
    expect((await admin.request('GET', '/api/tasks', { token })).status).toBe(403);
  });

  it('gets nobody the place of a host that is there', async () => {
    expect((await enroll(await codeFor(), 'steady')).status).toBe(409);
    expect((await enroll(await codeFor({ hostId: 'other' }), 'steady')).status).toBe(401);
  });

  it('gets nobody the place of a host that has not connected yet', async () => {
    const [pinned, first, second] = [await codeFor({ hostId: 'expected' }), await codeFor(), await codeFor()];
    expect((await enroll(first, 'expected')).status).toBe(409);
    expect((await enroll(pinned, 'expected')).status).toBe(201);
    expect((await enroll(second, 'expected')).status).toBe(409);
    await admin.request('POST', '/api/hosts/by-hand/tokens');
    expect((await enroll(second, 'by-hand')).status).toBe(409);
  });

  it('of another pool makes a host of that pool alone', async () => {
    const theirs = server.api({ pool: 'theirs' });
    const reply = await enroll(await codeFor({}, theirs), 'elsewhere');
    expect(tokenSchema.parse(reply.body).pool).toBe('theirs');
    expect((await admin.host('elsewhere')) ?? null).toBeNull();
  });

  it.each([
    ['a client', () => server.token({ sub: 'c', role: 'client' })],
    ['a host', () => server.hostToken('steady')],
    ['nobody', () => null],
  ])('is not made for %s', async (_who, token) => {
    expect([401, 403]).toContain((await admin.request('POST', '/api/enrolments', { token: token() })).status);
  });
});

describe('[R27] the audit', () => {
  const pageSchema = z.object({ entries: z.array(z.record(z.string(), z.unknown())) });
  const audit = async (api: Api, query = '') =>
    pageSchema.parse((await api.request('GET', `/api/audit${query}`)).body).entries;

  it('tells what was tried above, and no secret of it', async () => {
    const eve = client();
    const secret = `a-secret-${randomUUID()}`;
    const body = { prompt: secret, env: { KEY: secret }, hostId: 'nowhere' };
    const reply = await eve.api.request('POST', '/api/tasks', { body });
    const entries = await audit(admin, `?action=task.create&sub=eve&limit=1`);
    expect(entries).toMatchObject([
      { action: 'task.create', outcome: 'ok', sub: 'eve', role: 'client', tokenId: eve.jti, ip: '127.0.0.1' },
    ]);
    expect(entries[0]?.requestId).toBe(reply.headers.get('x-request-id'));
    const all = JSON.stringify(await audit(admin, '?limit=1000'));
    expect(all).not.toContain(secret);
    expect(all).not.toContain('eyJ');
    const actions = ['token.revoke', 'enrolment.create', 'enrolment.redeem', 'host.connect'];
    for (const action of actions) expect(all).toContain(action);
  });

  it('of another pool is another audit; a client and a host see none', async () => {
    const entries = await until('their entries', async () => audit(server.api({ pool: 'theirs' })));
    expect(JSON.stringify(entries)).not.toContain('steady');
    for (const token of [server.token({ sub: 'c', role: 'client' }), server.hostToken('steady')])
      expect((await admin.request('GET', '/api/audit', { token })).status).toBe(403);
  });

  it.each(['POST', 'DELETE', 'PATCH', 'PUT'])('takes no %s', async (method) => {
    expect((await admin.request(method, '/api/audit')).status).toBe(405);
  });
});
