import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { errorBodySchema } from '../../../shared/errors.ts';
import {
  MAX_BODY_BYTES,
  MAX_ENV_BYTES,
  MAX_ENV_NAMES,
  MAX_INPUT_BYTES,
  MAX_LABELS,
  MAX_METADATA_BYTES,
  MAX_NAME_BYTES,
  MAX_PATH_BYTES,
  MAX_PROMPT_BYTES,
} from '../../../shared/limits.ts';
import { appWith, bearer, envWith } from './support.ts';

const fieldsSchema = z.object({ fields: z.array(z.object({ field: z.string(), message: z.string() })) });
const limitSchema = z.object({ limit: z.string(), field: z.string() });

interface Answer {
  status: number;
  code: string;
  message: string;
  fields: string[];
  limit: string | undefined;
}

async function send(method: string, path: string, init: RequestInit = {}): Promise<Answer> {
  const headers = new Headers(init.headers);
  headers.set('authorization', (await bearer({ role: 'admin' })).authorization);
  if (init.body !== undefined && !headers.has('content-type')) headers.set('content-type', 'application/json');
  // No fake is given: whatever reaches an object ends in a 500.
  const response = await appWith().request(path, { ...init, method, headers }, envWith());
  const text = await response.text();
  expect(text).not.toMatch(/\bat .*\.ts|stack/);
  const { error } = errorBodySchema.parse(JSON.parse(text));
  return {
    status: response.status,
    code: error.code,
    message: error.message,
    fields: fieldsSchema.safeParse(error.details).data?.fields.map(({ field }) => field) ?? [],
    limit: limitSchema.safeParse(error.details).data?.limit,
  };
}

const json = (value: unknown): RequestInit => ({ body: JSON.stringify(value) });

const big = (bytes: number): string => 'x'.repeat(bytes);
const many = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`K${index}`, 'v']));

const BODY_ROUTES = [
  ['POST', '/api/tasks'],
  ['POST', '/api/tasks/t1/input'],
  ['PATCH', '/api/hosts/h1/config'],
  ['POST', '/api/hosts/h1/tokens'],
] as const;

describe('bodies that are no JSON [C2]', () => {
  describe.each(BODY_ROUTES)('%s %s', (method, path) => {
    test.each([
      ['cut off', '{"prompt":'],
      ['two values', '{} {}'],
      ['a comment', '{/* */}'],
      ['deep and cut off', '['.repeat(MAX_BODY_BYTES)],
    ])('%s: malformed_json', async (_name, body) => {
      expect(await send(method, path, { body })).toMatchObject({
        status: 400,
        code: 'malformed_json',
        fields: ['body'],
      });
    });

    test('bytes that are no UTF-8: malformed_json', async () => {
      const body = new Uint8Array([0x22, 0xc3, 0x28, 0x22]);
      expect(await send(method, path, { body })).toMatchObject({ status: 400, code: 'malformed_json' });
    });

    test('deep nesting is refused, not walked into', async () => {
      const half = MAX_BODY_BYTES / 2 - 100;
      const body = `{"metadata":${'['.repeat(half)}${']'.repeat(half)}}`;
      const answer = await send(method, path, { body });
      expect(answer.code).toMatch(/^(invalid_request|limit_exceeded)$/);
    });

    test('too large by its Content-Length: 413 without reading', async () => {
      const headers = { 'content-length': String(MAX_BODY_BYTES + 1) };
      const answer = await send(method, path, { body: '{}', headers });
      expect(answer).toMatchObject({ status: 413, code: 'limit_exceeded', limit: 'MAX_BODY_BYTES' });
    });

    test('too large while it streams: 413, and no more is read', async () => {
      let sent = 0;
      const body = new ReadableStream<Uint8Array>({
        pull(controller) {
          sent += 64 * 1024;
          controller.enqueue(new Uint8Array(64 * 1024).fill(0x20));
        },
      });
      const answer = await send(method, path, { body });
      expect(answer).toMatchObject({ status: 413, code: 'limit_exceeded', limit: 'MAX_BODY_BYTES' });
      expect(sent).toBeLessThan(2 * MAX_BODY_BYTES);
    });

    test.each([['[]'], ['null'], ['"text"'], ['1']])('%s instead of an object: 400 naming the body', async (body) => {
      expect(await send(method, path, { body })).toMatchObject({
        status: 400,
        code: 'invalid_request',
        fields: ['body'],
      });
    });
  });

  test.each(BODY_ROUTES.slice(0, 3))('%s %s without a body: 400', async (method, path) => {
    expect(await send(method, path)).toMatchObject({ status: 400, code: 'malformed_json' });
  });
});

const BAD_FIELDS: [string, string, unknown, string][] = [
  ['POST', '/api/tasks', {}, 'prompt'],
  ['POST', '/api/tasks', { prompt: '' }, 'prompt'],
  ['POST', '/api/tasks', { prompt: 1 }, 'prompt'],
  ['POST', '/api/tasks', { prompt: null }, 'prompt'],
  ['POST', '/api/tasks', { prompt: 'x', agentType: '' }, 'agentType'],
  ['POST', '/api/tasks', { prompt: 'x', agentType: ['opencode'] }, 'agentType'],
  ['POST', '/api/tasks', { prompt: 'x', cwd: '' }, 'cwd'],
  ['POST', '/api/tasks', { prompt: 'x', cwd: '/a\0b' }, 'cwd'],
  ['POST', '/api/tasks', { prompt: 'x', model: 7 }, 'model'],
  ['POST', '/api/tasks', { prompt: 'x', timeout: 0 }, 'timeout'],
  ['POST', '/api/tasks', { prompt: 'x', retry: 'twice' }, 'retry'],
  ['POST', '/api/tasks', { prompt: 'x', retry: {} }, 'retry.maxAttempts'],
  ['POST', '/api/tasks', { prompt: 'x', retry: { maxAttempts: 2, backoff: 1000 } }, 'retry.backoff'],
  ['POST', '/api/tasks', { prompt: 'x', timeout: -1 }, 'timeout'],
  ['POST', '/api/tasks', { prompt: 'x', timeout: 1.5 }, 'timeout'],
  ['POST', '/api/tasks', { prompt: 'x', timeout: '1000' }, 'timeout'],
  ['POST', '/api/tasks', { prompt: 'x', timeout: 1e15 }, 'timeout'],
  ['POST', '/api/tasks', { prompt: 'x', env: [] }, 'env'],
  ['POST', '/api/tasks', { prompt: 'x', env: { A: 1 } }, 'env.A'],
  ['POST', '/api/tasks', { prompt: 'x', env: { 'a-b': '1' } }, 'env.a-b'],
  ['POST', '/api/tasks', { prompt: 'x', metadata: 'text' }, 'metadata'],
  ['POST', '/api/tasks', { prompt: 'x', labels: { os: 1 } }, 'labels.os'],
  ['POST', '/api/tasks', { prompt: 'x', hostId: '../h' }, 'hostId'],
  ['POST', '/api/tasks', { prompt: 'x', hostId: big(65) }, 'hostId'],
  ['POST', '/api/tasks', { prompt: 'x', promt: 'x' }, 'promt'],
  ['POST', '/api/tasks/t1/input', {}, 'content'],
  ['POST', '/api/tasks/t1/input', { content: '' }, 'content'],
  ['POST', '/api/tasks/t1/input', { content: 5 }, 'content'],
  ['POST', '/api/tasks/t1/input', { content: 'x', newline: true }, 'newline'],
  ['PATCH', '/api/hosts/h1/config', { heartbeatInterval: 999 }, 'heartbeatInterval'],
  ['PATCH', '/api/hosts/h1/config', { heartbeatInterval: 30_001 }, 'heartbeatInterval'],
  ['PATCH', '/api/hosts/h1/config', { heartbeatInterval: '30000' }, 'heartbeatInterval'],
  ['PATCH', '/api/hosts/h1/config', { taskTimeout: 0 }, 'taskTimeout'],
  ['PATCH', '/api/hosts/h1/config', { maxRetries: -1 }, 'maxRetries'],
  ['PATCH', '/api/hosts/h1/config', { heartBeat: 1 }, 'heartBeat'],
  ['POST', '/api/hosts/h1/tokens', { expiresIn: 0 }, 'expiresIn'],
  ['POST', '/api/hosts/h1/tokens', { expiresIn: 'soon' }, 'expiresIn'],
  ['POST', '/api/hosts/h1/tokens', { expiresIn: 1e12 }, 'expiresIn'],
  ['POST', '/api/hosts/h1/tokens', { role: 'admin' }, 'role'],
];

test.each(BAD_FIELDS)('[C2] %s %s %j: 400 naming %s', async (method, path, body, field) => {
  const answer = await send(method, path, json(body));
  expect(answer).toMatchObject({ status: 400, code: 'invalid_request' });
  expect(answer.fields[0]).toBe(field);
  expect(answer.message).toContain(`"${field}"`);
});

const BEYOND: [string, unknown, string, string][] = [
  ['/api/tasks', { prompt: big(MAX_PROMPT_BYTES + 1) }, 'prompt', 'MAX_PROMPT_BYTES'],
  ['/api/tasks', { prompt: 'é'.repeat(MAX_PROMPT_BYTES / 2 + 1) }, 'prompt', 'MAX_PROMPT_BYTES'],
  ['/api/tasks', { prompt: 'x', cwd: big(MAX_PATH_BYTES + 1) }, 'cwd', 'MAX_PATH_BYTES'],
  ['/api/tasks', { prompt: 'x', agentType: big(MAX_NAME_BYTES + 1) }, 'agentType', 'MAX_NAME_BYTES'],
  ['/api/tasks', { prompt: 'x', metadata: { a: big(MAX_METADATA_BYTES) } }, 'metadata', 'MAX_METADATA_BYTES'],
  ['/api/tasks', { prompt: 'x', env: many(MAX_ENV_NAMES + 1) }, 'env', 'MAX_ENV_NAMES'],
  ['/api/tasks', { prompt: 'x', env: { A: big(MAX_ENV_BYTES) } }, 'env', 'MAX_ENV_BYTES'],
  ['/api/tasks', { prompt: 'x', labels: many(MAX_LABELS + 1) }, 'labels', 'MAX_LABELS'],
  ['/api/tasks/t1/input', { content: big(MAX_INPUT_BYTES + 1) }, 'content', 'MAX_INPUT_BYTES'],
];

test.each(BEYOND)('[C2] a limit of %s: 413 naming it', async (path, body, field, limit) => {
  const answer = await send('POST', path, json(body));
  expect(answer).toMatchObject({ status: 413, code: 'limit_exceeded', limit });
  expect(answer.message).toContain(`"${field}"`);
  expect(answer.message).toContain(limit);
});

const BAD_QUERIES: [string, string][] = [
  ['/api/tasks?status=done', 'status'],
  ['/api/tasks?hostId=..', 'hostId'],
  ['/api/tasks?limit=0', 'limit'],
  ['/api/tasks?limit=', 'limit'],
  ['/api/tasks?limit=0x10', 'limit'],
  ['/api/tasks?cursor=abc', 'cursor'],
  ['/api/tasks?stat=queued', 'stat'],
  ['/api/tasks/t1/events?after=-1', 'after'],
  ['/api/tasks/t1/events?after=x', 'after'],
  ['/api/tasks/t1/events?after=', 'after'],
  ['/api/tasks/t1/events?after=1.5', 'after'],
  ['/api/tasks/t1/events?limit=0', 'limit'],
];

test.each(BAD_QUERIES)('[C2] GET %s: 400 naming %s', async (path, field) => {
  const answer = await send('GET', path);
  expect(answer).toMatchObject({ status: 400, code: 'invalid_request', fields: [field] });
});

test.each(['x', '-1', '1e3'])('[C2] Last-Event-ID %j: 400 naming it', async (id) => {
  const headers = { accept: 'text/event-stream', 'last-event-id': id };
  const answer = await send('GET', '/api/tasks/t1/events', { headers });
  expect(answer).toMatchObject({ status: 400, code: 'invalid_request', fields: ['Last-Event-ID'] });
});

test('[C2] Idempotency-Key: 400 for its form, 413 for its length', async () => {
  const post = (key: string) =>
    send('POST', '/api/tasks', { body: '{"prompt":"x"}', headers: { 'idempotency-key': key } });
  expect(await post('a b')).toMatchObject({ status: 400, code: 'invalid_request', fields: ['Idempotency-Key'] });
  expect(await post(big(MAX_NAME_BYTES + 1))).toMatchObject({ status: 413, limit: 'MAX_NAME_BYTES' });
});

test.each([
  ['GET', '/api/tasks/%20'],
  ['GET', `/api/tasks/${big(129)}`],
  ['POST', '/api/tasks/%2e%2e%2f/abort'],
  ['GET', '/api/tasks/a%00b/events'],
])('[C2] %s %s: what cannot be a task id does not exist', async (method, path) => {
  expect(await send(method, path)).toMatchObject({ status: 404, code: 'not_found' });
});

test.each([
  ['GET', '/api/hosts/%20', {}],
  ['GET', `/api/hosts/${big(65)}`, {}],
  ['PATCH', '/api/hosts/a%2fb/config', json({})],
  ['POST', '/api/hosts/-a/tokens', json({})],
  ['DELETE', '/api/hosts/a%00b/tokens', {}],
])('[C2] %s %s: a malformed host id is named', async (method, path, init) => {
  expect(await send(method, path, init)).toMatchObject({ status: 400, code: 'invalid_request', fields: ['hostId'] });
});
