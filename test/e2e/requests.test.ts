import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Server } from './harness/server.ts';
import { errorSchema } from './harness/wire.ts';
import { World } from './harness/world.ts';

const world = new World();
let server: Server;
let taskId = '';
beforeAll(async () => {
  server = await world.server();
  taskId = (await server.api().createTask({ prompt: 'waits for ever', hostId: 'nobody' })).id;
});
afterAll(() => world.close());

const KIB = 1024;

interface BadCase {
  what: string;
  method: string;
  path: string;
  body?: unknown;
  raw?: string;
  status: number[];
  code: string;
  /** Must be named in the answer. */
  names?: string;
}

const create = (body: unknown, names: string): BadCase => ({
  what: `POST /api/tasks with a bad ${names}`,
  method: 'POST',
  path: '/api/tasks',
  body,
  status: [400],
  code: 'invalid_request',
  names,
});

const tooMuch = (body: unknown, names: string): BadCase => ({
  ...create(body, names),
  what: `POST /api/tasks with too much ${names}`,
  status: [400, 413],
  code: 'limit_exceeded',
});

const cases: BadCase[] = [
  create({}, 'prompt'),
  create({ prompt: 7 }, 'prompt'),
  create({ prompt: '' }, 'prompt'),
  create({ prompt: 'p', agentType: 5 }, 'agentType'),
  create({ prompt: 'p', timeout: -1 }, 'timeout'),
  create({ prompt: 'p', timeout: '60s' }, 'timeout'),
  create({ prompt: 'p', env: { A: 1 } }, 'env'),
  create({ prompt: 'p', labels: ['x'] }, 'labels'),
  create({ prompt: 'p', hostId: 'no spaces' }, 'hostId'),
  create({ prompt: 'p', metadata: 'text' }, 'metadata'),
  tooMuch({ prompt: 'x'.repeat(512 * KIB + 1) }, 'prompt'),
  tooMuch({ prompt: 'p', metadata: { a: 'x'.repeat(64 * KIB) } }, 'metadata'),
  tooMuch({ prompt: 'p', env: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`V${i}`, ''])) }, 'env'),
  tooMuch({ prompt: 'p', env: { A: 'x'.repeat(32 * KIB) } }, 'env'),
  tooMuch({ prompt: 'p', labels: Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`l${i}`, ''])) }, 'labels'),
  tooMuch({ prompt: 'p', agentType: 'x'.repeat(129) }, 'agentType'),
  { what: 'broken JSON', method: 'POST', path: '/api/tasks', raw: '{"prompt":', status: [400], code: 'malformed_json' },
  {
    what: 'a body beyond 1 MiB',
    method: 'POST',
    path: '/api/tasks',
    raw: `{"prompt":"${'x'.repeat(1024 * KIB)}"}`,
    status: [413],
    code: 'limit_exceeded',
  },
  {
    what: 'a bad status filter',
    method: 'GET',
    path: '/api/tasks?status=done',
    status: [400],
    code: 'invalid_request',
    names: 'status',
  },
  {
    what: 'a bad limit',
    method: 'GET',
    path: '/api/tasks?limit=0',
    status: [400],
    code: 'invalid_request',
    names: 'limit',
  },
  {
    what: 'a bad cursor',
    method: 'GET',
    path: '/api/tasks?cursor=zz',
    status: [400],
    code: 'invalid_request',
    names: 'cursor',
  },
  { what: 'an unknown task', method: 'GET', path: '/api/tasks/nope', status: [404], code: 'not_found' },
  { what: 'abort of an unknown task', method: 'POST', path: '/api/tasks/nope/abort', status: [404], code: 'not_found' },
  {
    what: 'input for an unknown task',
    method: 'POST',
    path: '/api/tasks/nope/input',
    body: { content: 'x' },
    status: [404],
    code: 'not_found',
  },
  {
    what: 'the log of an unknown task',
    method: 'GET',
    path: '/api/tasks/nope/events',
    status: [404],
    code: 'not_found',
  },
  { what: 'an unknown host', method: 'GET', path: '/api/hosts/nope', status: [404], code: 'not_found' },
  {
    what: 'the configuration of an unknown host',
    method: 'PATCH',
    path: '/api/hosts/nope/config',
    body: {},
    status: [404],
    code: 'not_found',
  },
  {
    what: 'a bad expiresIn',
    method: 'POST',
    path: '/api/hosts/h1/tokens',
    body: { expiresIn: 'soon' },
    status: [400],
    code: 'invalid_request',
    names: 'expiresIn',
  },
  { what: 'an unknown route', method: 'GET', path: '/api/nothing', status: [404], code: 'not_found' },
];

describe('[C2] bad requests', () => {
  test.each(cases)('$what: $code', async ({ method, path, body, raw, status, code, names = '' }) => {
    const reply = await server.api().request(method, path, raw === undefined ? { body } : { raw });
    const { error } = errorSchema.parse(reply.body);
    expect(error.code).toBe(code);
    expect(status).toContain(reply.status);
    expect(JSON.stringify(reply.body)).toContain(names);
    expect(JSON.stringify(reply.body)).not.toMatch(/\\n +at |\.[jt]s:[0-9]/);
  });

  test.each([
    { what: 'content missing', body: {}, code: 'invalid_request' },
    { what: 'content of a wrong type', body: { content: 5 }, code: 'invalid_request' },
    { what: 'a task that is not running', body: { content: 'x' }, code: 'task_not_running' },
  ])('input with $what: $code', async ({ body, code }) => {
    const reply = await server.api().request('POST', `/api/tasks/${taskId}/input`, { body });
    expect(errorSchema.parse(reply.body).error.code).toBe(code);
  });

  test.each(['?after=-1', '?after=x', '?limit=0'])('events%s: invalid_request', async (query) => {
    const reply = await server.api().request('GET', `/api/tasks/${taskId}/events${query}`);
    expect(reply.status).toBe(400);
    expect(errorSchema.parse(reply.body).error.code).toBe('invalid_request');
  });
});

describe('[C2] without a token', () => {
  const routes = [
    ['POST', '/api/tasks'],
    ['GET', '/api/tasks'],
    ['GET', '/api/tasks/x'],
    ['POST', '/api/tasks/x/abort'],
    ['POST', '/api/tasks/x/input'],
    ['GET', '/api/tasks/x/events'],
    ['GET', '/api/hosts'],
    ['GET', '/api/hosts/x'],
    ['PATCH', '/api/hosts/x/config'],
    ['POST', '/api/hosts/x/tokens'],
    ['DELETE', '/api/hosts/x/tokens'],
    ['GET', '/metrics'],
  ] as const;

  test.each(routes)('%s %s: 401', async (method, path) => {
    const reply = await server.api().request(method, path, { token: null });
    expect(reply.status).toBe(401);
    expect(errorSchema.parse(reply.body).error.code).toBe('unauthorized');
  });

  test.each(['/healthz', '/openapi.json'])('GET %s needs none', async (path) => {
    expect((await server.api().request('GET', path, { token: null })).status).toBe(200);
  });
});
