import { generateKeyPairSync, sign as signWith } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Server } from '../e2e/harness/server.ts';
import { randomSecret } from '../e2e/harness/tokens.ts';
import { World } from '../e2e/harness/world.ts';
import { forged, hmac, raw, statusOf, upgradeRequest } from './attack.ts';

const world = new World();
let server: Server;
beforeAll(async () => {
  server = await world.server();
});
afterAll(() => world.close());

const HS256 = { alg: 'HS256', typ: 'JWT' };
const now = () => Math.floor(Date.now() / 1000);
const admin = (more: object = {}) => ({ sub: 'mallory', role: 'admin', iat: now(), exp: now() + 3600, ...more });
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const publicPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();

/** Each gets the server's secret, for what only a careless issuer could have made. */
const FORGERIES: [what: string, token: (secret: string) => string][] = [
  ['alg none, unsigned', () => forged({ alg: 'none' }, admin(), () => '')],
  ['alg none in other letters', () => forged({ alg: 'nOnE' }, admin(), () => '')],
  ['alg none with a good signature', (secret) => forged({ alg: 'none' }, admin(), hmac(secret))],
  ['no alg at all', (secret) => forged({ typ: 'JWT' }, admin(), hmac(secret))],
  ['an algorithm list', (secret) => forged({ alg: ['HS256'] }, admin(), hmac(secret))],
  [
    'RS256 with a key of the attacker’s',
    () =>
      forged({ alg: 'RS256' }, admin(), (text) =>
        signWith('sha256', Buffer.from(text), privateKey).toString('base64url'),
      ),
  ],
  ['HS256 with a public key as the secret', () => forged(HS256, admin(), hmac(publicPem))],
  ['RS256 said, HS256 done', (secret) => forged({ alg: 'RS256' }, admin(), hmac(secret))],
  ['HS512 with the right secret', (secret) => forged({ alg: 'HS512' }, admin(), hmac(secret, 'sha512'))],
  ['another secret', () => forged(HS256, admin(), hmac(randomSecret()))],
  ['an empty secret', () => forged(HS256, admin(), hmac(''))],
  [
    'a key of its own in the header (jwk)',
    () =>
      forged({ ...HS256, jwk: { kty: 'oct', k: Buffer.from('mine').toString('base64url') } }, admin(), hmac('mine')),
  ],
  ['a key to be fetched (jku)', () => forged({ ...HS256, jku: 'http://127.0.0.1:1/keys' }, admin(), hmac('mine'))],
  ['a key by a path (kid)', () => forged({ ...HS256, kid: '../../../../dev/null' }, admin(), hmac(''))],
  ['a critical header that is not known', (secret) => forged({ ...HS256, crit: ['x'], x: 1 }, admin(), hmac(secret))],
  ['an unencoded payload (b64)', (secret) => forged({ ...HS256, crit: ['b64'], b64: false }, admin(), hmac(secret))],
  ['no exp', (secret) => forged(HS256, { sub: 'm', role: 'admin', iat: now() }, hmac(secret))],
  ['no iat', (secret) => forged(HS256, { sub: 'm', role: 'admin', exp: now() + 60 }, hmac(secret))],
  ['no sub', (secret) => forged(HS256, { role: 'admin', iat: now(), exp: now() + 60 }, hmac(secret))],
  ['an exp that is past', (secret) => forged(HS256, admin({ exp: now() - 1 }), hmac(secret))],
  ['an exp as text', (secret) => forged(HS256, admin({ exp: String(now() + 60) }), hmac(secret))],
  ['an exp that is null', (secret) => forged(HS256, admin({ exp: null }), hmac(secret))],
  ['an iat far ahead', (secret) => forged(HS256, admin({ iat: now() + 3600, exp: now() + 7200 }), hmac(secret))],
  ['an nbf far ahead', (secret) => forged(HS256, admin({ nbf: now() + 3600 }), hmac(secret))],
  ['a role that there is not', (secret) => forged(HS256, admin({ role: 'root' }), hmac(secret))],
  ['two roles', (secret) => forged(HS256, admin({ role: ['host', 'admin'] }), hmac(secret))],
  ['a role by its prototype', (secret) => forged(HS256, admin({ role: 'constructor' }), hmac(secret))],
  ['a pool by a path', (secret) => forged(HS256, admin({ pool: '../default' }), hmac(secret))],
  ['a pool with a NUL', (secret) => forged(HS256, admin({ pool: 'default\0x' }), hmac(secret))],
  ['a host whose id is a path', (secret) => forged(HS256, admin({ role: 'host', sub: '../other' }), hmac(secret))],
  ['a signature cut short', (secret) => forged(HS256, admin(), hmac(secret)).slice(0, -4)],
  ['one segment too many', (secret) => `${forged(HS256, admin(), hmac(secret))}.e30`],
  ['no token but dots', () => '..'],
  ['a token of 100 KB', () => `${'e30'.repeat(33_000)}.e30.e30`],
];

describe('[C3] a forged token gets nothing', () => {
  it.each(FORGERIES)('%s', async (_what, token) => {
    for (const path of ['/api/tasks', '/agent/ws?hostId=box']) {
      const answer = await raw(server.url, upgradeRequest(path, [`authorization: Bearer ${token(server.secret)}`]));
      // Beyond what the runtime takes as headers it closes, or says so itself.
      expect([0, 401, 413, 431]).toContain(statusOf(answer));
      expect(answer).not.toContain('mallory');
    }
  });

  it('changed after it was signed', async () => {
    const good = server.token({ sub: 'me', role: 'client' });
    const [header, , signature] = good.split('.');
    const claims = Buffer.from(JSON.stringify(admin())).toString('base64url');
    const reply = await server.api().request('GET', '/api/tasks', { token: `${header}.${claims}.${signature}` });
    expect(reply.status).toBe(401);
  });
});

describe('[C3] a token where none belongs', () => {
  const good = (): string => server.token({ sub: 'me', role: 'admin' });
  it.each(['token', 'access_token', 'authorization', 'jwt'])('in the URL as %s is none', async (name) => {
    const reply = await server.api().request('GET', `/api/tasks?${name}=${good()}`, { token: null });
    expect([400, 401]).toContain(reply.status);
  });

  it.each([
    ['by another scheme', () => `authorization: Basic ${good()}`],
    ['as a cookie', () => `cookie: authorization=Bearer ${good()}; token=${good()}`],
    ['as a header of another name', () => `x-authorization: Bearer ${good()}`],
    ['twice, a bad one first', () => `authorization: Bearer x\r\nauthorization: Bearer ${good()}`],
  ])('%s is none', async (_what, header) => {
    expect(statusOf(await raw(server.url, `GET /api/tasks HTTP/1.1\r\nhost: x\r\n${header()}\r\n\r\n`))).toBe(401);
  });
});

describe('[C3] a good token for something else', () => {
  const MUTATING: [method: string, path: string][] = [
    ['POST', '/api/tasks'],
    ['POST', '/api/tasks/0/abort'],
    ['POST', '/api/tasks/0/input'],
    ['POST', '/api/tasks/0/finish'],
    ['POST', '/api/tasks/0/approvals/0'],
    ['PATCH', '/api/hosts/box/config'],
    ['POST', '/api/hosts/box/tokens'],
    ['DELETE', '/api/hosts/box/tokens'],
    ['DELETE', '/api/tokens/some'],
    ['POST', '/api/enrolments'],
  ];
  const READING: [method: string, path: string][] = [
    ['GET', '/api/tasks'],
    ['GET', '/api/tasks/0'],
    ['GET', '/api/tasks/0/events'],
    ['GET', '/api/tasks/0/approvals'],
    ['GET', '/api/hosts'],
    ['GET', '/api/hosts/box'],
    ['GET', '/api/audit'],
  ];

  it.each([...MUTATING, ...READING])('of a host: %s %s', async (method, path) => {
    const reply = await server.api().request(method, path, { token: server.hostToken('box') });
    expect(reply.status).toBe(403);
  });

  it.each([...MUTATING, ...READING])('of nobody, as a page of another site sends it: %s %s', async (method, path) => {
    // No cookie speaks for anybody, and no answer lets another origin read it.
    const headers = { origin: 'https://evil.example', 'content-type': 'text/plain', cookie: 'session=1' };
    const reply = await server.api().request(method, path, {
      token: null,
      headers,
      ...(method === 'GET' ? {} : { raw: '{"prompt":"x"}' }),
    });
    expect(reply.status).toBe(401);
    expect([...reply.headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
  });

  it.each(MUTATING.filter(([, path]) => path.startsWith('/api/hosts')))('of a client: %s %s', async (method, path) => {
    const token = server.token({ sub: 'me', role: 'client' });
    expect((await server.api().request(method, path, { token })).status).toBe(403);
  });

  const CONNECTING: [what: string, token: () => string, status: number][] = [
    ['of a client', () => server.token({ sub: 'box', role: 'client' }), 403],
    ['of an administrator', () => server.token({ sub: 'box', role: 'admin' }), 403],
    ['of another host', () => server.hostToken('other'), 403],
    ['of nobody', () => '', 401],
  ];

  it.each(CONNECTING)('%s, to connect as a host', async (_what, token, status) => {
    const answer = await raw(server.url, upgradeRequest('/agent/ws?hostId=box', [`authorization: Bearer ${token()}`]));
    expect(statusOf(answer)).toBe(status);
  });

  it('of a host, for two host ids at once', async () => {
    const header = `authorization: Bearer ${server.hostToken('box')}`;
    for (const query of ['hostId=other&hostId=box', 'hostId=box%00', 'hostId=BOX', 'hostId=box%2F..%2Fother']) {
      const status = statusOf(await raw(server.url, upgradeRequest(`/agent/ws?${query}`, [header])));
      expect([400, 403]).toContain(status);
    }
  });

  it('none, to follow a log by SSE or by WebSocket', async () => {
    const { id } = await server.api().createTask({ prompt: 'x', hostId: 'nobody' });
    const path = `/api/tasks/${id}/events`;
    const sse = await server.api().request('GET', path, { token: null, headers: { accept: 'text/event-stream' } });
    expect(sse.status).toBe(401);
    expect(statusOf(await raw(server.url, upgradeRequest(path)))).toBe(401);
  });
});
