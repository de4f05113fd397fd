import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Server } from '../e2e/harness/server.ts';
import { World } from '../e2e/harness/world.ts';
import { raw, statusOf, upgradeRequest } from './attack.ts';

const world = new World();
let server: Server;
beforeAll(async () => {
  server = await world.server();
});
afterAll(() => world.close());

const KIB = 1024;

/** A request as bytes, with a good token. */
function request(method: string, path: string, headers: readonly string[], body: string | Buffer = ''): Buffer {
  const lines = [`${method} ${path} HTTP/1.1`, 'host: gateway', 'connection: close', ...headers];
  lines.push(`authorization: Bearer ${server.token({ sub: 'me', role: 'admin' })}`);
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), Buffer.from(body)]);
}

async function post(body: string | Buffer, headers: readonly string[] = []): Promise<string> {
  const length = `content-length: ${Buffer.byteLength(body)}`;
  return raw(
    server.url,
    request('POST', '/api/tasks', ['content-type: application/json', length, ...headers], body),
    /\}$/,
  );
}

async function expectHealthy(): Promise<void> {
  expect((await server.api().request('GET', '/healthz', { token: null })).status).toBe(200);
}

describe('[C2] a body that is an attack', () => {
  it.each([
    ['nested 10,000 deep', `{"prompt":"x","metadata":{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}}`],
    ['nested 10,000 deep and never closed', `{"prompt":"x","metadata":${'{"a":'.repeat(10_000)}`],
    ['a number of a megabyte', `{"prompt":"x","timeout":${'9'.repeat(1024 * KIB - 100)}}`],
    ['a prompt of another kind', '{"prompt":{"toString":"x"}}'],
    ['an array', '[{"prompt":"x"}]'],
    ['text', '"prompt"'],
    ['nothing', ''],
    ['no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])],
    ['a field that is not known', '{"prompt":"x","isAdmin":true}'],
    ['a status of its own', '{"prompt":"x","status":"completed","result":{"success":true}}'],
    ['a pool of its own', '{"prompt":"x","pool":"other"}'],
    ['a name of a variable with a line in it', '{"prompt":"x","env":{"A\\nB":"1"}}'],
    ['a variable with a NUL', '{"prompt":"x","env":{"A":"a\\u0000b"}}'],
    ['a directory with a NUL', '{"prompt":"x","cwd":"a\\u0000b"}'],
    ['a host id that is a path', '{"prompt":"x","hostId":"../default/box"}'],
    ['a timeout of minus one', '{"prompt":"x","timeout":-1}'],
  ])('%s: refused, and no task is made', async (_what, body) => {
    const before = (await server.api().listTasks()).tasks.length;
    const answer = await post(body);
    expect([400, 413]).toContain(statusOf(answer));
    expect(answer).not.toMatch(/\bat \S+ \(|node_modules|\/worker\//);
    expect((await server.api().listTasks()).tasks).toHaveLength(before);
  });

  it('that changes the prototype of objects: it is data, and changes nothing', async () => {
    const answer = await post(
      '{"prompt":"x","hostId":"nobody","metadata":{"__proto__":{"isAdmin":true},"constructor":{"prototype":{"a":1}}}}',
    );
    expect([201, 400]).toContain(statusOf(answer));
    const { id, ...task } = await server.api().createTask({ prompt: 'y', hostId: 'nobody' });
    expect(id).not.toBe('');
    expect('isAdmin' in task || 'a' in task).toBe(false);
    expect(JSON.stringify(await server.api().task(id))).not.toContain('isAdmin');
  });

  it('of 1 GiB, compressed: refused as it stands, not unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * KIB * KIB));
    expect(bomb.length).toBeLessThan(KIB * KIB);
    expect(statusOf(await post(bomb, ['content-encoding: gzip']))).toBe(400);
    await expectHealthy();
  });

  it.each([
    ['said', 'content-length: 1099511627776'],
    ['below zero', 'content-length: -1'],
    ['said twice', 'content-length: 5\r\ncontent-length: 500'],
    ['said and chunked', 'transfer-encoding: chunked\r\ncontent-length: 5'],
  ])('whose length is %s: refused or hung up on', async (_what, header) => {
    const answer = await raw(server.url, request('POST', '/api/tasks', [header], '{"prompt":"x"}'), /\}$/);
    expect([0, 400, 411, 413]).toContain(statusOf(answer));
    await expectHealthy();
  });
});

describe('[C2] headers and paths that are an attack', () => {
  it.each([
    ['a header of 1 MB', `x-filler: ${'x'.repeat(1024 * KIB)}`],
    ['10,000 headers', Array.from({ length: 10_000 }, (_, index) => `x-${index}: 1`).join('\r\n')],
    ['a header without a name', ': value'],
    ['an Idempotency-Key of 100 KB', `idempotency-key: ${'k'.repeat(100 * KIB)}`],
  ])('%s: refused or hung up on, and others are served', async (_what, header) => {
    const answer = await raw(server.url, request('POST', '/api/tasks', [header, 'content-length: 2'], '{}'), /\}$/);
    expect([0, 400, 413, 431]).toContain(statusOf(answer));
    await expectHealthy();
  });

  it('a line break in a header of the answer: none is made of what a client sends', async () => {
    const answer = await post('{"prompt":"x","hostId":"nobody"}', [
      'idempotency-key: a%0d%0aset-cookie:%20b=1',
      'x-request-id: a\tb',
    ]);
    expect(answer.toLowerCase()).not.toMatch(/^set-cookie/m);
    expect(answer).toMatch(/x-request-id: [0-9a-f-]{36}\r/i);
  });

  it.each([
    '/api/tasks/../hosts/box/tokens',
    '/api/tasks/..%2f..%2fhosts',
    '/api/tasks/%2e%2e',
    '/api/tasks/%00',
    '/api/tasks/%ff',
    '//api/tasks',
    '/api/tasks/__proto__',
    '/api/hosts/constructor',
    '/api/hosts/..%2f..%2fother',
    `/api/tasks/${'x'.repeat(8 * KIB)}`,
    '/.env',
    '/wrangler.toml',
    '/worker/index.ts',
  ])('GET %s: nothing is there', async (path) => {
    expect([400, 404, 405, 414]).toContain(statusOf(await raw(server.url, request('GET', path, []), /\}$/)));
  });

  it.each(['TRACE', 'PUT', 'PROPFIND'])('the method %s on a route: not allowed', async (method) => {
    expect([400, 404, 405, 501]).toContain(statusOf(await raw(server.url, request(method, '/api/tasks', []), /\}$/)));
  });

  it('the method CONNECT: no tunnel, by the runtime’s own answer', async () => {
    const answer = await raw(server.url, request('CONNECT', '/api/tasks', []), /\r\n\r\n/);
    expect(statusOf(answer)).toBeGreaterThanOrEqual(400);
    await expectHealthy();
  });

  it.each(["'; DROP TABLE task; --", '1 OR 1=1', '-1', '1e3', 'NaN', '9'.repeat(40), '%', '*'])(
    'the cursor, limit or filter %s: refused or nothing found, and all tasks are still there',
    async (value) => {
      const before = (await server.api().listTasks()).tasks.length;
      for (const name of ['cursor', 'limit', 'status', 'hostId']) {
        const reply = await server.api().request('GET', `/api/tasks?${name}=${encodeURIComponent(value)}`);
        expect([200, 400]).toContain(reply.status);
      }
      expect((await server.api().listTasks()).tasks).toHaveLength(before);
    },
  );
});

describe('[C1] connections that are an attack', () => {
  it('two hundred upgrades that never end their headers: others are served meanwhile', async () => {
    const open = Array.from({ length: 200 }, () =>
      raw(server.url, 'GET /agent/ws?hostId=box HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nx-slow: ', /never/),
    );
    await expectHealthy();
    const { id } = await server.api().createTask({ prompt: 'x', hostId: 'nobody' });
    expect((await server.api().task(id)).status).toBe('queued');
    // They end with the server.
    expect(await server.stop()).toBe(0);
    expect((await Promise.all(open)).every((answer) => !/^HTTP\/1\.1 101/.test(answer))).toBe(true);
    await server.startAgain();
  });

  it('five hundred upgrades without a token: each is refused, and others are served', async () => {
    const answers = await Promise.all(
      Array.from({ length: 500 }, () => raw(server.url, upgradeRequest('/agent/ws?hostId=box'))),
    );
    expect(answers.map(statusOf).filter((status) => status !== 401)).toEqual([]);
    await expectHealthy();
  });
});
