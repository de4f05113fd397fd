import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { errorBodySchema } from '../../../shared/errors.ts';
import { MAX_REFUSALS_LOGGED } from '../../../shared/limits.ts';
import { appWith, bearer, envWith, nowSeconds, SECRET, token } from './support.ts';

const ROUTES = [
  ['GET', '/api/tasks'],
  ['POST', '/api/tasks'],
  ['GET', '/api/tasks/t1'],
  ['POST', '/api/tasks/t1/abort'],
  ['POST', '/api/tasks/t1/input'],
  ['GET', '/api/tasks/t1/events'],
  ['GET', '/api/hosts'],
  ['GET', '/api/hosts/h1'],
  ['PATCH', '/api/hosts/h1/config'],
  ['POST', '/api/hosts/h1/tokens'],
  ['DELETE', '/api/hosts/h1/tokens'],
  ['GET', '/metrics'],
  ['GET', '/agent/ws?hostId=h1'],
] as const;

const ADMIN_ONLY = new Set(['PATCH /api/hosts/h1/config', 'POST /api/hosts/h1/tokens', 'DELETE /api/hosts/h1/tokens']);

async function codeOf(response: Response): Promise<string> {
  return errorBodySchema.parse(await response.json()).error.code;
}

describe('authentication [C3]', () => {
  let warnings: string[] = [];
  beforeEach(() => {
    warnings = [];
    vi.spyOn(console, 'warn').mockImplementation((line: string) => void warnings.push(line));
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  const badTokens: [string, () => Promise<string | undefined>][] = [
    ['no header', async () => undefined],
    ['another scheme', async () => `Basic ${await token({ role: 'admin' })}`],
    ['no token', async () => 'Bearer '],
    ['not a token', async () => 'Bearer abc'],
    ['another secret', async () => `Bearer ${await token({ role: 'admin' }, `${SECRET}x`)}`],
    ['expired a second ago', async () => `Bearer ${await token({ role: 'admin', exp: nowSeconds() - 1 })}`],
    ['no exp', async () => `Bearer ${await token({ role: 'admin', exp: undefined })}`],
    ['no iat', async () => `Bearer ${await token({ role: 'admin', iat: undefined })}`],
    ['no sub', async () => `Bearer ${await token({ role: 'admin', sub: undefined })}`],
    ['no role', async () => `Bearer ${await token({})}`],
    ['an unknown role', async () => `Bearer ${await token({ role: 'root' })}`],
    ['issued in the future', async () => `Bearer ${await token({ role: 'admin', iat: nowSeconds() + 300 })}`],
    ['not valid yet', async () => `Bearer ${await token({ role: 'admin', nbf: nowSeconds() + 300 })}`],
    ['a malformed pool', async () => `Bearer ${await token({ role: 'admin', pool: 'a/b' })}`],
    ['a host whose sub is no host id', async () => `Bearer ${await token({ role: 'host', sub: 'a b' })}`],
    [
      'algorithm none',
      async () => {
        const [, payload] = (await token({ role: 'admin' })).split('.');
        return `Bearer ${btoa('{"alg":"none"}').replaceAll('=', '')}.${payload}.`;
      },
    ],
  ];

  test.each(badTokens)('%s: 401 on every route, logged once, no object touched', async (_name, header) => {
    const authorization = await header();
    for (const [method, path] of ROUTES) {
      warnings = [];
      const response = await appWith().request(
        path,
        {
          method,
          ...(authorization === undefined ? {} : { headers: { authorization, 'cf-connecting-ip': '192.0.2.7' } }),
        },
        envWith(),
      );
      expect(response.status, `${method} ${path}`).toBe(401);
      expect(await codeOf(response)).toBe('unauthorized');
      expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/);
      expect(warnings).toHaveLength(1);
      const logged: unknown = JSON.parse(warnings[0] ?? '');
      expect(logged).toMatchObject({ event: 'auth_refused', status: 401, path: path.split('?')[0] });
      if (authorization !== undefined && authorization.length > 20)
        expect(warnings[0]).not.toContain(authorization.slice(7));
    }
  });

  test.each(ROUTES)('%s %s: refused with 403 to the roles that may not, logged once', async (method, path) => {
    const allowed = path.startsWith('/agent')
      ? ['host']
      : ADMIN_ONLY.has(`${method} ${path}`)
        ? ['admin']
        : ['client', 'admin'];
    for (const role of ['host', 'client', 'admin']) {
      if (allowed.includes(role)) continue;
      warnings = [];
      const response = await appWith().request(path, { method, headers: await bearer({ role, sub: 'h1' }) }, envWith());
      expect(response.status, role).toBe(403);
      expect(await codeOf(response)).toBe('forbidden');
      expect(warnings.map((line): unknown => JSON.parse(line))).toMatchObject([{ status: 403, sub: 'h1', role }]);
    }
  });

  test('[R29] an address that knocks on and on has its share of the log, and the next line tells what is missing', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const app = appWith();
    const knock = (ip: string) => app.request('/api/hosts', { headers: { 'cf-connecting-ip': ip } }, envWith());
    for (let n = 0; n < MAX_REFUSALS_LOGGED + 5; n += 1)
      expect((await knock(`2001:db8::${n.toString(16)}`)).status).toBe(401);
    expect(warnings).toHaveLength(MAX_REFUSALS_LOGGED);
    await knock('192.0.2.8');
    expect(warnings.map((line): unknown => JSON.parse(line)).at(-1)).toMatchObject({ ip: '192.0.2.8', notLogged: 5 });
    // Who has a token has a share of its own, also from an address that has had its share.
    const headers = { ...(await bearer({ role: 'host', sub: 'h1' })), 'cf-connecting-ip': '2001:db8::' };
    await app.request(`/api/hosts/${'x'.repeat(10_000)}`, { headers }, envWith());
    expect(warnings).toHaveLength(MAX_REFUSALS_LOGGED + 2);
    expect(warnings.at(-1)?.length).toBeLessThan(600);
    vi.advanceTimersByTime(60_000);
    await knock('2001:db8::');
    expect(warnings).toHaveLength(MAX_REFUSALS_LOGGED + 3);
    expect(warnings.at(-1)).not.toContain('notLogged');
  });

  test('a token lives by its own exp to the second, and a clock a little ahead is forgiven', async () => {
    const app = appWith({ scheduler: { listHosts: async () => [] } });
    for (const claims of [{ exp: nowSeconds() + 5 }, { iat: nowSeconds() + 20 }]) {
      const response = await app.request(
        '/api/hosts',
        { headers: await bearer({ role: 'client', ...claims }) },
        envWith(),
      );
      expect(response.status).toBe(200);
    }
  });

  test('the previous secret verifies while rotating, and only then', async () => {
    const app = appWith({ scheduler: { listHosts: async () => [] } });
    const previous = 'the-secret-before-this-one-0123456789-abc';
    const headers = { authorization: `Bearer ${await token({ role: 'client' }, previous)}` };
    expect((await app.request('/api/hosts', { headers }, envWith({ JWT_SECRET_PREVIOUS: previous }))).status).toBe(200);
    expect((await app.request('/api/hosts', { headers }, envWith())).status).toBe(401);
  });

  test.each([undefined, '', 'too-short'])('secret %j: 503 not_ready everywhere, never 401', async (secret) => {
    for (const [method, path] of [...ROUTES, ['GET', '/healthz'] as const]) {
      const response = await appWith().request(path, { method }, envWith({ JWT_SECRET: secret }));
      expect(response.status, path).toBe(503);
      expect(await codeOf(response)).toBe('not_ready');
    }
  });

  test('a token works in its own pool alone [L10]', async () => {
    const names: string[] = [];
    const app = appWith({ names, scheduler: { listHosts: async () => [] } });
    await app.request('/api/hosts', { headers: await bearer({ role: 'admin', pool: 'blue' }) }, envWith());
    await app.request('/api/hosts', { headers: await bearer({ role: 'admin' }) }, envWith());
    expect(names).toEqual(['blue', 'default']);
  });

  test('a token over its rate gets 429 with Retry-After', async () => {
    const keys: string[] = [];
    const limit = async ({ key }: { key: string }) => {
      keys.push(key);
      return { success: false };
    };
    const headers = await bearer({ role: 'admin', sub: 'me', pool: 'p' });
    const response = await appWith().request('/api/tasks', { headers }, envWith({ API_LIMIT: { limit } }));
    expect([response.status, await codeOf(response)]).toEqual([429, 'rate_limited']);
    expect(response.headers.get('retry-after')).toBe('60');
    expect(keys).toEqual([JSON.stringify(['p', 'admin', 'me', undefined])]);
  });
});
