import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { Api } from '../e2e/harness/api.ts';
import { script } from '../e2e/harness/prompt.ts';
import type { Server } from '../e2e/harness/server.ts';
import { within } from '../e2e/harness/wait.ts';
import { World } from '../e2e/harness/world.ts';
import { raw, statusOf, upgradeRequest } from './attack.ts';

const APP = 'https://app.example';
const EVIL = 'https://evil.example';

const world = new World();
let server: Server;
let api: Api;
let ended: string;
beforeAll(async () => {
  server = await world.server({ CORS_ORIGINS: `${APP}, http://localhost:5173` });
  api = server.api({ role: 'client', jti: randomUUID() });
  const { hostId } = await world.onlineDaemon(server);
  ended = (await api.createTask(script(['print hello'], { hostId }))).id;
  await api.untilStatus(ended, 'completed');
});
afterAll(() => world.close());

const corsHeaders = (headers: Headers) => [...headers.keys()].filter((name) => name.startsWith('access-control-'));

describe('[C3] pages of other sites', () => {
  it('of an allowed origin may ask before, and read', async () => {
    const asked = {
      origin: APP,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization',
    };
    const preflight = await api.request('OPTIONS', '/api/tasks', { token: null, headers: asked });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe(APP);
    expect(preflight.headers.get('access-control-allow-headers')).toMatch(/authorization/i);
    expect(preflight.headers.get('access-control-allow-credentials')).toBeNull();
    const reply = await api.request('GET', '/api/tasks', { headers: { origin: APP } });
    expect(reply.headers.get('access-control-allow-origin')).toBe(APP);
    expect(reply.headers.get('vary')).toMatch(/origin/i);
    const refused = await api.request('GET', '/api/tasks', { token: null, headers: { origin: APP } });
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([401, APP]);
  });

  it.each([EVIL, 'null', `${APP}.evil.example`, APP.toUpperCase(), `${APP}:444`, 'http://app.example', '*', ''])(
    'of the origin "%s" are told nothing',
    async (origin) => {
      for (const [method, token] of [
        ['GET', undefined],
        ['OPTIONS', null],
      ] as const) {
        const headers = { origin, 'access-control-request-method': 'POST' };
        const reply = await api.request(method, '/api/tasks', { headers, ...(token === null ? { token } : {}) });
        expect(corsHeaders(reply.headers)).toEqual([]);
      }
    },
  );

  it('without the setting there are none that may', async () => {
    const closed = await world.server();
    const reply = await closed.api().request('GET', '/api/tasks', { headers: { origin: APP } });
    expect(corsHeaders(reply.headers)).toEqual([]);
  });

  it.each(['*', 'app.example', `${APP}/`, `${APP}/path`])(
    'a setting that is no origin starts no server: %s',
    async (value) => {
      await expect(world.server({ CORS_ORIGINS: value })).rejects.toThrow('CORS_ORIGINS');
    },
  );
});

describe('[C3] a WebSocket of a browser, which has no Authorization', () => {
  const watch = (protocols: string[]) => {
    const url = `${server.webSocketUrl}/api/tasks/${ended}/events`;
    const socket = new WebSocket(url, protocols, { headers: { origin: EVIL } });
    return within(
      'close',
      new Promise<{ entries: number; protocol: string; code: number }>((resolve, reject) => {
        let entries = 0;
        socket.on('message', () => {
          entries += 1;
        });
        socket.once('error', reject);
        socket.once('close', (code) => resolve({ entries, protocol: socket.protocol, code }));
      }),
    );
  };

  it('carries its token beside the protocol, and is answered the protocol alone', async () => {
    const watched = await watch(['agent-gateway.v1', `agent-gateway.token.${api.token}`]);
    expect(watched).toMatchObject({ protocol: 'agent-gateway.v1', code: 1000 });
    expect(watched.entries).toBeGreaterThan(2);
  });

  it.each([
    ['no token', () => ['agent-gateway.v1']],
    ['a token without the protocol', () => [`agent-gateway.token.${api.token}`]],
    ['a token that is none', () => ['agent-gateway.v1', 'agent-gateway.token.x.y.z']],
    ['a host’s token', () => ['agent-gateway.v1', `agent-gateway.token.${server.hostToken('box')}`]],
    [
      'two tokens, a bad one first',
      () => ['agent-gateway.v1', 'agent-gateway.token.x', `agent-gateway.token.${api.token}`],
    ],
  ])('with %s is refused', async (_what, protocols) => {
    await expect(watch(protocols())).rejects.toThrow(/40[13]/);
  });

  it.each([
    ['a call that is no upgrade', () => `GET /api/tasks HTTP/1.1\r\nhost: x`],
    ['a call that changes something', () => `POST /api/tasks/${ended}/abort HTTP/1.1\r\nhost: x\r\ncontent-length: 0`],
  ])('the same does not speak for %s', async (_what, request) => {
    const header = `sec-websocket-protocol: agent-gateway.v1, agent-gateway.token.${api.token}`;
    expect(statusOf(await raw(server.url, `${request()}\r\n${header}\r\n\r\n`))).toBe(401);
  });

  it('an Authorization beside it wins, also a bad one', async () => {
    const headers = [
      `sec-websocket-protocol: agent-gateway.v1, agent-gateway.token.${api.token}`,
      'authorization: Bearer x',
    ];
    expect(statusOf(await raw(server.url, upgradeRequest(`/api/tasks/${ended}/events`, headers)))).toBe(401);
  });
});
