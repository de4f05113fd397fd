import { describe, expect, test } from 'vitest';
import { HOST_HEADERS } from '../../../worker/rpc.ts';
import { appWith, bearer, envWith, nowSeconds } from './support.ts';

const UPGRADE = { upgrade: 'websocket' };

describe('GET /agent/ws [C1]', () => {
  test.each([
    ['no hostId', '/agent/ws', 400],
    ['an empty one', '/agent/ws?hostId=', 400],
    ['a malformed one', '/agent/ws?hostId=a%2Fb', 400],
    ['another host', '/agent/ws?hostId=h2', 403],
  ])('%s: refused before the upgrade', async (_name, path, status) => {
    const headers = { ...UPGRADE, ...(await bearer({ role: 'host', sub: 'h1' })) };
    expect((await appWith().request(path, { headers }, envWith())).status).toBe(status);
  });

  test('no upgrade: 426, but only to a token that may connect', async () => {
    const headers = await bearer({ role: 'host', sub: 'h1' });
    const response = await appWith().request('/agent/ws?hostId=h1', { headers }, envWith());
    expect([response.status, response.headers.get('upgrade')]).toEqual([426, 'websocket']);
    expect((await appWith().request('/agent/ws?hostId=h1', {}, envWith())).status).toBe(401);
  });

  test('HostDO gets what the Worker knows, whatever the client wrote, and never the token', async () => {
    const seen: Request[] = [];
    const names: string[] = [];
    const fetch = async (input: Request | string) => {
      seen.push(new Request(input));
      return new Response('from HostDO', { status: 429 });
    };
    const iat = nowSeconds() - 0.25;
    const exp = nowSeconds() + 60;
    const forged = Object.fromEntries(Object.values(HOST_HEADERS).map((name) => [name, 'forged']));
    const headers = {
      ...UPGRADE,
      ...forged,
      'cf-connecting-ip': '192.0.2.7',
      ...(await bearer({ role: 'host', sub: 'h1', pool: 'p', iat, exp })),
    };
    const response = await appWith({ names, host: { fetch } }).request('/agent/ws?hostId=h1', { headers }, envWith());
    expect([response.status, await response.text()]).toEqual([429, 'from HostDO']);
    expect(names).toEqual(['p/h1']);
    const received = seen[0]?.headers;
    expect(received?.get(HOST_HEADERS.POOL)).toBe('p');
    expect(received?.get(HOST_HEADERS.HOST)).toBe('h1');
    expect(received?.get(HOST_HEADERS.ISSUED_AT)).toBe(String(iat));
    expect(received?.get(HOST_HEADERS.EXPIRES_AT)).toBe(String(exp));
    expect(received?.get(HOST_HEADERS.IP)).toBe('192.0.2.7');
    expect(received?.get('authorization')).toBeNull();
    expect(received?.get('upgrade')).toBe('websocket');
  });

  test('too many connections from one address: 429 with Retry-After', async () => {
    const headers = { ...UPGRADE, ...(await bearer({ role: 'host', sub: 'h1' })) };
    const limited = envWith({ CONNECT_LIMIT: { limit: async () => ({ success: false }) } });
    const response = await appWith().request('/agent/ws?hostId=h1', { headers }, limited);
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '60']);
  });
});
