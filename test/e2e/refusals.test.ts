import { afterAll, beforeAll, expect, test } from 'vitest';
import { refusal } from '../conformance/v1-host/host.ts';
import type { Server } from './harness/server.ts';
import { mintToken } from './harness/tokens.ts';
import { untilTrue } from './harness/wait.ts';
import { World } from './harness/world.ts';

const world = new World();
let server: Server;
beforeAll(async () => {
  server = await world.server();
});
afterAll(() => world.close());

const HOUR_S = 3_600;
const nowSeconds = () => Math.floor(Date.now() / 1000);

const cases: { what: string; status: number; token: (hostId: string) => string }[] = [
  { what: 'a wrong token', status: 401, token: () => 'wrong-token-of-nobody' },
  {
    what: 'a token signed with another secret',
    status: 401,
    token: (hostId) => mintToken('another-secret-of-32-bytes-or-more!', { sub: hostId, role: 'host' }),
  },
  {
    what: 'an expired one',
    status: 401,
    token: (hostId) =>
      server.token({ sub: hostId, role: 'host', iat: nowSeconds() - 2 * HOUR_S, exp: nowSeconds() - HOUR_S }),
  },
  { what: "another host's token", status: 403, token: () => server.hostToken('somebody-else') },
];

test.each(cases)('[C3] $what: $status, logged once', async ({ status, token }) => {
  const bad = token(world.name('refused'));
  const refuse = () => refusal({ url: server.webSocketUrl, hostId: world.name('refused'), token: bad });
  const lines = () => server.child.lines.all.filter((line) => line.includes(String(status)) && /auth/i.test(line));
  const before = lines().length;
  expect(await refuse()).toBe(status);
  // A line of the second one shows that the first one's are all there.
  expect(await refuse()).toBe(status);
  await untilTrue('two lines in the log', () => lines().length >= before + 2);
  expect(lines()).toHaveLength(before + 2);
  expect(server.child.output()).not.toContain(bad.slice(-40));
});

test('[C3] alg none and a token without exp: 401', async () => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { sub: 'tester', role: 'admin', iat: nowSeconds(), exp: nowSeconds() + HOUR_S };
  const api = server.api();
  const unsigned = `${part({ alg: 'none', typ: 'JWT' })}.${part(claims)}.`;
  expect((await api.request('GET', '/api/tasks', { token: unsigned })).status).toBe(401);
  const endless = server.token({ sub: 'tester', role: 'admin', exp: undefined });
  expect((await api.request('GET', '/api/tasks', { token: endless })).status).toBe(401);
});

test('[C3] roles: a client reads and makes tasks, only an admin rules hosts, a host may do neither', async () => {
  const api = server.api();
  const client = server.token({ sub: 'c', role: 'client' });
  const host = server.hostToken('h');
  expect((await api.request('GET', '/api/hosts', { token: client })).status).toBe(200);
  expect((await api.request('POST', '/api/tasks', { token: client, body: { prompt: 'p', hostId: 'x' } })).status).toBe(
    201,
  );
  for (const token of [client, host]) {
    const made = await api.request('POST', '/api/hosts/h/tokens', { token, body: {} });
    expect(made).toMatchObject({ status: 403, body: { error: { code: 'forbidden' } } });
    expect((await api.request('DELETE', '/api/hosts/h/tokens', { token })).status).toBe(403);
  }
  expect((await api.request('GET', '/api/tasks', { token: host })).status).toBe(403);
});

test('[C3] a rotated secret: tokens of the previous one are still good', async () => {
  const old = await world.server({ JWT_SECRET_PREVIOUS: 'the-previous-secret-of-32-bytes-or-more' });
  const token = mintToken('the-previous-secret-of-32-bytes-or-more', { sub: 'tester', role: 'client' });
  expect((await old.api().request('GET', '/api/tasks', { token })).status).toBe(200);
});
