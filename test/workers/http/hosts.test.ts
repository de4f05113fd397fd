import { decodeJwt } from 'jose';
import { describe, expect, test } from 'vitest';
import { hostTokenSchema } from '../../../shared/api/access.ts';
import type { HostStatus } from '../../../shared/host.ts';
import { DEFAULT_TOKEN_SECONDS } from '../../../shared/limits.ts';
import { claimsSchema } from '../../../shared/token.ts';
import { appWith, bearer, envWith, type Fakes } from './support.ts';

async function request(fakes: Fakes, path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set('authorization', (await bearer({ role: 'admin', pool: 'p' })).authorization);
  return appWith(fakes).request(path, { ...init, headers }, envWith());
}

const hostOf = (hostId: string, changes: Partial<HostStatus> = {}): HostStatus => ({
  hostId,
  name: hostId,
  status: 'online',
  capabilities: { name: hostId, agents: ['a'], maxConcurrent: 1, cwd: '/' },
  activeTasks: [],
  lastHeartbeat: 1,
  connectedAt: 1,
  ...changes,
});

describe('GET /api/hosts [C2]', () => {
  test('a bare array; only stale connections are asked for a fresh sign of life', async () => {
    const now = Date.now();
    const names: string[] = [];
    const hosts = [
      hostOf('idle'),
      hostOf('gone', { status: 'offline' }),
      hostOf('talking', { lastHeartbeat: now, status: 'busy' }),
      hostOf('mute'),
      hostOf('broken'),
    ];
    const lastSeen = async () => {
      const name = names.at(-1);
      if (name === 'p/broken') throw new Error('reset');
      return name === 'p/mute' ? null : now;
    };
    const response = await request(
      { names, scheduler: { listHosts: async () => hosts }, host: { lastSeen } },
      '/api/hosts',
    );
    const expected = hosts.map((host) => (host.hostId === 'idle' ? { ...host, lastHeartbeat: now } : host));
    expect(await response.json()).toEqual(expected);
    expect(names).toEqual(['p', 'p/idle', 'p/mute', 'p/broken']);
  });

  test('a thousand idle hosts are asked in bounded parallel', async () => {
    let inFlight = 0;
    let most = 0;
    const lastSeen = async () => {
      inFlight += 1;
      most = Math.max(most, inFlight);
      await Promise.resolve();
      inFlight -= 1;
      return Date.now();
    };
    const hosts = Array.from({ length: 1000 }, (_, index) => hostOf(`h${index}`));
    const response = await request({ scheduler: { listHosts: async () => hosts }, host: { lastSeen } }, '/api/hosts');
    expect(response.status).toBe(200);
    expect(most).toBeLessThanOrEqual(50);
  });

  test('one host is fresh, whatever its age', async () => {
    const now = Date.now();
    const fakes = {
      scheduler: { getHost: async () => hostOf('h', { lastHeartbeat: now - 1 }) },
      host: { lastSeen: async () => now },
    };
    expect(await (await request(fakes, '/api/hosts/h')).json()).toEqual(hostOf('h', { lastHeartbeat: now }));
    expect((await request({ scheduler: { getHost: async () => null } }, '/api/hosts/h')).status).toBe(404);
  });
});

describe('PATCH /api/hosts/:id/config [C2]', () => {
  const patch = (fakes: Fakes) =>
    request(fakes, '/api/hosts/h1/config', {
      method: 'PATCH',
      body: '{"heartbeatInterval":1000}',
      headers: { 'content-type': 'application/json' },
    });

  test('200 with the merged configuration, 404 for a host that is not', async () => {
    const merged = { heartbeatInterval: 1000, maxRetries: 2 };
    const response = await patch({ scheduler: { patchHostConfig: async () => merged } });
    expect([response.status, await response.json()]).toEqual([200, merged]);
    expect((await patch({ scheduler: { patchHostConfig: async () => null } })).status).toBe(404);
  });
});

describe('host tokens [C3]', () => {
  const make = async (revokedAt: number, body?: string) => {
    const init = body === undefined ? {} : { body, headers: { 'content-type': 'application/json' } };
    const fakes = { host: { revokedAt: async () => revokedAt } };
    const response = await request(fakes, '/api/hosts/h1/tokens', { method: 'POST', ...init });
    expect(response.status).toBe(201);
    const { token, expiresAt } = hostTokenSchema.parse(await response.json());
    return { claims: claimsSchema.parse(decodeJwt(token)), expiresAt };
  };

  test('for this host alone, in the pool of who asked, living as long as asked', async () => {
    const { claims, expiresAt } = await make(0, '{"expiresIn":60}');
    expect(claims).toMatchObject({ sub: 'h1', role: 'host', pool: 'p' });
    expect(expiresAt).toBe(claims.exp * 1000);
    expect(claims.exp - claims.iat).toBeGreaterThanOrEqual(60);
    expect(claims.exp - claims.iat).toBeLessThan(61);
  });

  test('without a body: the default life', async () => {
    const { claims } = await make(0);
    expect(Math.floor(claims.exp - claims.iat)).toBe(DEFAULT_TOKEN_SECONDS);
  });

  test('issued after the last revocation, even within its millisecond', async () => {
    const revokedAt = Date.now() + 50;
    const { claims } = await make(revokedAt);
    expect(claims.iat * 1000).toBeGreaterThan(revokedAt);
  });

  test('DELETE revokes: 204', async () => {
    let revoked = 0;
    const revokeTokens = async () => {
      revoked += 1;
    };
    const response = await request({ host: { revokeTokens } }, '/api/hosts/h1/tokens', { method: 'DELETE' });
    expect([response.status, await response.text(), revoked]).toEqual([204, '', 1]);
  });
});
