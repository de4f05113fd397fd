import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { CLOSE } from '../../shared/close-codes.ts';
import { FakeServer, type Frame, type Peer } from '../support/fake-server.ts';
import { FakeV2Server } from '../support/fake-v2-server.ts';
import type { Daemon } from './harness/daemon.ts';
import { untilTrue, within } from './harness/wait.ts';
import { World } from './harness/world.ts';

const TOKEN = 'secret-token-of-the-test';

let world: World;
let servers: FakeServer[];

beforeEach(() => {
  world = new World();
  servers = [];
});
afterEach(async () => {
  await world.close();
  for (const server of servers) await server.close();
});

async function listening<S extends FakeServer>(server: S): Promise<S> {
  servers.push(server);
  await server.listen();
  return server;
}

function startDaemon(server: FakeServer): Daemon {
  return world.daemon({ serverUrl: server.url, hostId: 'host-1', token: TOKEN });
}

/** Says what a version-1 server says, and nothing more. */
function v1Answers(peer: Peer, frame: Frame): void {
  if (frame.type === 'register') peer.send({ type: 'registered', ok: true });
}

describe('how a daemon connects', () => {
  test('[C1] asks for its host id with its token, and registers what it can', async () => {
    const server = await listening(new FakeV2Server());
    const daemon = startDaemon(server);
    const peer = await server.peers.take('a connection', () => true);
    expect(peer.request.url).toBe('/agent/ws?hostId=host-1');
    expect(peer.request.headers.authorization).toBe(`Bearer ${TOKEN}`);
    expect(peer.request.headers['sec-websocket-extensions']).toBeUndefined();
    const register = await peer.take('register');
    expect(register).toMatchObject({ hostId: 'host-1', protocol: 2, runs: [], withoutInput: ['script'] });
    expect(register.capabilities).toMatchObject({ agents: ['script', 'chat'], maxConcurrent: 2, cwd: daemon.cwd });
  });

  test('[C1] the log names the host and never the token', async () => {
    const server = await listening(new FakeV2Server());
    const daemon = startDaemon(server);
    await server.registered();
    await daemon.child.lines.take('registered', (line) => line.includes('registered as'));
    expect(daemon.child.output()).toContain('host-1');
    expect(daemon.child.output()).not.toContain(TOKEN);
    for (const line of daemon.child.lines.all) expect(JSON.parse(line)).toHaveProperty('message');
  });

  test('[C1] reconnects after about 1, 2 and 4 seconds', async () => {
    const server = await listening(new FakeServer(() => {}));
    server.refusal = { status: 503 };
    startDaemon(server);
    await untilTrue('four attempts', () => server.attempts.all.length >= 4);
    const times = server.attempts.all.map(({ at }) => at);
    const waits = times.slice(1).map((at, index) => at - (times[index] ?? 0));
    for (const [index, least] of [750, 1500, 3000].entries()) expect(waits[index]).toBeGreaterThanOrEqual(least - 5);
  });

  test('[C1] honours Retry-After as the least it waits', async () => {
    const server = await listening(new FakeServer(() => {}));
    server.refusal = { status: 429, headers: { 'retry-after': '3' } };
    startDaemon(server);
    await untilTrue('two attempts', () => server.attempts.all.length >= 2);
    const [first, second] = server.attempts.all.map(({ at }) => at);
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(2995);
  });

  test('[C1] does not follow redirects', async () => {
    const target = await listening(new FakeV2Server());
    const server = await listening(new FakeServer(() => {}));
    server.refusal = { status: 302, headers: { location: `${target.url.replace('ws', 'http')}/agent/ws` } };
    startDaemon(server);
    await untilTrue('two attempts', () => server.attempts.all.length >= 2);
    expect(target.attempts.all).toEqual([]);
  });
});

describe('what ends a daemon', () => {
  test.each([401, 403])('[C1] %i: exit 77, one clear line, no second attempt', async (status) => {
    const server = await listening(new FakeServer(() => {}));
    const message = 'the token has expired';
    server.refusal = { status, body: JSON.stringify({ error: { code: 'unauthorized', message } }) };
    const daemon = startDaemon(server);
    expect(await within('exit', daemon.child.exited)).toMatchObject({ code: 77 });
    expect(server.attempts.all).toHaveLength(1);
    const line = daemon.child.lines.all.find((each) => each.includes('giving up'));
    const text = z.looseObject({ message: z.string() }).parse(JSON.parse(line ?? '{}')).message;
    expect(text).toMatch(new RegExp(`^giving up: .*the server answered ${status}: ${message}`));
  });

  test.each([
    [CLOSE.UNAUTHENTICATED, 77],
    [CLOSE.REPLACED, 78],
  ])('[C1] close %i: exit %i', async (closeCode, exitCode) => {
    const server = await listening(new FakeV2Server());
    const daemon = startDaemon(server);
    (await server.registered()).socket.close(closeCode);
    expect(await within('exit', daemon.child.exited)).toMatchObject({ code: exitCode });
    expect(server.attempts.all).toHaveLength(1);
  });

  test('a rejected registration: exit 77 with the reason', async () => {
    const server = await listening(
      new FakeServer((peer, { type }) => {
        if (type !== 'register') return;
        peer.send({ type: 'registered', ok: false, error: 'hostId does not match' });
        peer.socket.close(1000);
      }),
    );
    const daemon = startDaemon(server);
    expect(await within('exit', daemon.child.exited)).toMatchObject({ code: 77 });
    expect(daemon.child.output()).toContain('hostId does not match');
  });
});

describe('signs of life', () => {
  test('version 2: the exact heartbeat text every interval of the server, and an answer to each ping', async () => {
    const server = new FakeV2Server();
    server.heartbeatInterval = 100;
    await listening(server);
    startDaemon(server);
    const peer = await server.registered();
    for (let beat = 0; beat < 3; beat += 1)
      await peer.frames.take('a heartbeat', (frame) => JSON.stringify(frame) === '{"type":"heartbeat"}');
    peer.send({ type: 'ping' });
    await peer.frames.take(
      'an answer to ping',
      ({ type, timestamp }) => type === 'heartbeat' && typeof timestamp === 'number',
    );
  });

  test('[C1] version 1: no extra field but in register, and config:update takes effect at once', async () => {
    const server = await listening(new FakeServer(v1Answers));
    startDaemon(server);
    const peer = await server.peers.take('a connection', () => true);
    await peer.take('register');
    await peer.take('heartbeat');
    peer.send({ type: 'config:update', config: { heartbeatInterval: 1000 } });
    const beat = await peer.take('heartbeat');
    await peer.take('heartbeat');
    expect(Object.keys(beat).sort()).toEqual(['timestamp', 'type']);
  });

  test('[R12] a server that answers no WebSocket ping is left for a new connection', async () => {
    const server = new FakeV2Server();
    server.heartbeatInterval = 200;
    await listening(server);
    startDaemon(server);
    const peer = await server.registered();
    peer.socket.pause();
    const next = await server.registered();
    expect(next).not.toBe(peer);
  });

  test('frames that are none, and frames of an unknown type, harm nothing', async () => {
    const server = await listening(new FakeV2Server());
    startDaemon(server);
    const peer = await server.registered();
    for (const text of ['', 'nonsense', '[]', '{"type":7}', '{"type":"task:execute"}', '{"type":"from:the:future"}'])
      peer.socket.send(text);
    peer.socket.send(Buffer.from([1, 2, 3]));
    peer.send({ type: 'ping' });
    await peer.frames.take(
      'an answer to ping',
      ({ type, timestamp }) => type === 'heartbeat' && timestamp !== undefined,
    );
  });
});
