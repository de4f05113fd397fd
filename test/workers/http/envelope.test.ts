import { afterEach, describe, expect, test, vi } from 'vitest';
import { errorBodySchema } from '../../../shared/errors.ts';
import { appWith, bearer, envWith } from './support.ts';

afterEach(() => vi.restoreAllMocks());

async function errorOf(response: Response) {
  return errorBodySchema.parse(await response.json()).error;
}

describe('every answer [C2]', () => {
  test('healthz needs no token', async () => {
    const response = await appWith().request('/healthz', {}, envWith());
    expect([response.status, await response.json()]).toEqual([200, { ok: true }]);
  });

  test.each(['/healthz', '/api/tasks', '/nowhere'])(
    '%s: has an id of its own and is not kept anywhere',
    async (path) => {
      const ids = new Set<string | null>();
      for (let i = 0; i < 3; i += 1) {
        const { headers } = await appWith().request(path, { headers: { 'x-request-id': 'mine' } }, envWith());
        ids.add(headers.get('x-request-id'));
        expect(headers.get('cache-control')).toBe('no-store');
        expect(headers.get('x-content-type-options')).toBe('nosniff');
      }
      expect(ids.size).toBe(3);
      expect(ids).not.toContain('mine');
    },
  );

  test.each(['/', '/api', '/api/task', '/api/tasks/', '/api/tasks/t1/else', '/agent', '/api/hosts/h1/config/x'])(
    '%s: 404',
    async (path) => {
      const response = await appWith().request(path, {}, envWith());
      expect([response.status, (await errorOf(response)).code]).toEqual([404, 'not_found']);
    },
  );

  test.each([
    ['DELETE', '/api/tasks', 'GET, HEAD, POST, OPTIONS'],
    ['PUT', '/api/tasks/t1', 'GET, HEAD, OPTIONS'],
    ['GET', '/api/tasks/t1/abort', 'POST, OPTIONS'],
    ['GET', '/api/tasks/t1/input', 'POST, OPTIONS'],
    ['POST', '/api/tasks/t1/events', 'GET, HEAD, OPTIONS'],
    ['POST', '/api/hosts', 'GET, HEAD, OPTIONS'],
    ['PUT', '/api/hosts/h1/config', 'PATCH, OPTIONS'],
    ['GET', '/api/hosts/h1/tokens', 'POST, DELETE, OPTIONS'],
    ['POST', '/agent/ws', 'GET, HEAD, OPTIONS'],
    ['POST', '/healthz', 'GET, HEAD, OPTIONS'],
  ])('%s %s: 405 with Allow, as OPTIONS says', async (method, path, allowed) => {
    const refused = await appWith().request(path, { method }, envWith());
    expect([refused.status, (await errorOf(refused)).code]).toEqual([405, 'method_not_allowed']);
    expect(refused.headers.get('allow')).toBe(allowed);
    const options = await appWith().request(path, { method: 'OPTIONS' }, envWith());
    expect([options.status, options.headers.get('allow')]).toEqual([204, allowed]);
  });

  test('HEAD is GET without a body', async () => {
    const app = appWith({ scheduler: { listHosts: async () => [] } });
    const init = { method: 'HEAD', headers: await bearer({ role: 'client' }) };
    const response = await app.request('/api/hosts', init, envWith());
    expect([response.status, await response.text()]).toEqual([200, '']);
  });

  test('what nobody foresaw: 500 without a word of it, logged with the id', async () => {
    const lines: string[] = [];
    vi.spyOn(console, 'error').mockImplementation((line: string) => void lines.push(line));
    const app = appWith({
      scheduler: {
        listHosts: async () => {
          throw new Error('SELECT secret FROM nowhere');
        },
      },
    });
    const response = await app.request('/api/hosts', { headers: await bearer({ role: 'client' }) }, envWith());
    const id = response.headers.get('x-request-id');
    const error = await errorOf(response);
    expect([response.status, error.code, error.details]).toEqual([500, 'internal', { requestId: id }]);
    expect(JSON.stringify(error)).not.toContain('SELECT');
    expect(lines.map((line): unknown => JSON.parse(line))).toMatchObject([{ event: 'internal_error', requestId: id }]);
  });

  test('a call that may succeed later is tried again, then 503 with Retry-After', async () => {
    let calls = 0;
    const app = appWith({
      scheduler: {
        listHosts: async () => {
          calls += 1;
          if (calls < 3) throw Object.assign(new Error('reset'), { retryable: true });
          return [];
        },
        getHost: async () => {
          throw Object.assign(new Error('busy'), { retryable: true, overloaded: true });
        },
      },
    });
    const headers = await bearer({ role: 'client' });
    expect((await app.request('/api/hosts', { headers }, envWith())).status).toBe(200);
    const overloaded = await app.request('/api/hosts/h1', { headers }, envWith());
    expect([overloaded.status, (await errorOf(overloaded)).code]).toEqual([503, 'not_ready']);
    expect(overloaded.headers.get('retry-after')).toBe('1');
  });

  test('a bad setting: 503, and the log names it', async () => {
    const lines: string[] = [];
    vi.spyOn(console, 'error').mockImplementation((line: string) => void lines.push(line));
    const response = await appWith().request('/healthz', {}, envWith({ MAX_ATTEMPTS: 'many' }));
    expect(response.status).toBe(503);
    expect(lines.join()).toContain('MAX_ATTEMPTS');
  });
});
