import { SELF } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';
import { hostTokenSchema } from '../../../shared/api/access.ts';
import { logPageSchema } from '../../../shared/api/log.ts';
import { taskListSchema } from '../../../shared/api/tasks.ts';
import { errorBodySchema } from '../../../shared/errors.ts';
import { taskSchema } from '../../../shared/task.ts';
import { token } from './support.ts';

const secret = env.JWT_SECRET ?? '';

async function call(method: string, path: string, body?: unknown, claims: Record<string, unknown> = {}) {
  const headers = new Headers({ authorization: `Bearer ${await token({ role: 'admin', ...claims }, secret)}` });
  if (body !== undefined) headers.set('content-type', 'application/json');
  const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
  return SELF.fetch(new Request(`https://gateway.test${path}`, init));
}

async function create(body: Record<string, unknown> = {}, claims: Record<string, unknown> = {}) {
  const response = await call('POST', '/api/tasks', { prompt: 'do it', ...body }, claims);
  expect(response.status).toBe(201);
  return taskSchema.parse(await response.json());
}

async function codeOf(response: Response): Promise<[number, string]> {
  return [response.status, errorBodySchema.parse(await response.json()).error.code];
}

describe('the Worker over its real objects [C2]', () => {
  test('a task is created, shown, listed, aborted, and its log read', async () => {
    const task = await create({ env: { TOKEN: 'hidden' }, metadata: { a: 1 }, labels: { os: 'linux' } });
    expect(task).toMatchObject({ status: 'queued', attempt: 0, envNames: ['TOKEN'], metadata: { a: 1 } });
    expect(task.waiting?.message).toEqual(expect.any(String));
    const shown = await (await call('GET', `/api/tasks/${task.id}`)).text();
    expect(shown).not.toContain('hidden');
    const { tasks } = taskListSchema.parse(await (await call('GET', '/api/tasks?status=queued')).json());
    expect(tasks.map(({ id }) => id)).toContain(task.id);
    expect((await call('POST', `/api/tasks/${task.id}/abort`)).status).toBe(202);
    expect(await codeOf(await call('POST', `/api/tasks/${task.id}/abort`))).toEqual([409, 'task_finished']);
    expect(await codeOf(await call('POST', `/api/tasks/${task.id}/input`, { content: 'x' }))).toEqual([
      409,
      'task_not_running',
    ]);
    const after = taskSchema.parse(await (await call('GET', `/api/tasks/${task.id}`)).json());
    expect(after).toMatchObject({ id: task.id, status: 'aborted', prompt: 'do it', error: { code: 'aborted' } });
    await expect
      .poll(async () => {
        const page = logPageSchema.parse(await (await call('GET', `/api/tasks/${task.id}/events`)).json());
        return { done: page.done, last: page.events.at(-1) };
      })
      .toMatchObject({ done: true, last: { status: 'aborted' } });
    const { nextAfter } = logPageSchema.parse(await (await call('GET', `/api/tasks/${task.id}/events`)).json());
    const past = await call('GET', `/api/tasks/${task.id}/events?after=${nextAfter}`);
    expect(await past.json()).toEqual({ events: [], nextAfter, done: true });
    const authorization = `Bearer ${await token({ role: 'client' }, secret)}`;
    const stream = (query: string, headers: Record<string, string>) =>
      SELF.fetch(`https://gateway.test/api/tasks/${task.id}/events${query}`, {
        headers: { accept: 'text/event-stream', authorization, ...headers },
      });
    expect((await stream('', { 'last-event-id': String(nextAfter) })).status).toBe(204);
    const ended = await stream(`?after=${nextAfter}`, {});
    expect([ended.status, (await ended.text()).includes('data:')]).toEqual([200, false]);
  });

  test.each([
    ['GET', '', undefined],
    ['POST', '/abort', undefined],
    ['POST', '/input', { content: 'x' }],
    ['GET', '/events', undefined],
  ])("%s /api/tasks/<unknown>%s: 404, and so is another pool's [L10]", async (method, suffix, body) => {
    expect(await codeOf(await call(method, `/api/tasks/unknown${suffix}`, body))).toEqual([404, 'not_found']);
    const { id } = await create({}, { pool: 'blue' });
    expect(await codeOf(await call(method, `/api/tasks/${id}${suffix}`, body))).toEqual([404, 'not_found']);
  });

  test('unknown hosts: 404, in a list nothing', async () => {
    expect(await codeOf(await call('GET', '/api/hosts/nobody'))).toEqual([404, 'not_found']);
    expect(await codeOf(await call('PATCH', '/api/hosts/nobody/config', {}))).toEqual([404, 'not_found']);
    const listed = await call('GET', '/api/hosts', undefined, { pool: 'empty' });
    expect([listed.status, await listed.json()]).toEqual([200, []]);
  });

  test('a page of tasks, newest first, goes on by its cursor', async () => {
    const pool = 'pages';
    const ids: string[] = [];
    for (let i = 0; i < 5; i += 1) ids.push((await create({}, { pool })).id);
    const seen: string[] = [];
    let query = '?limit=2';
    for (;;) {
      const page = taskListSchema.parse(await (await call('GET', `/api/tasks${query}`, undefined, { pool })).json());
      seen.push(...page.tasks.map(({ id }) => id));
      if (page.nextCursor === null) break;
      query = `?limit=2&cursor=${page.nextCursor}`;
    }
    expect(seen).toEqual(ids.reverse());
  });

  test('a host connects with its token until that is revoked; a later one is good again [C3]', async () => {
    const connect = async (hostToken: string) => {
      const headers = { authorization: `Bearer ${hostToken}`, upgrade: 'websocket', 'cf-connecting-ip': '192.0.2.1' };
      return SELF.fetch(new Request('https://gateway.test/agent/ws?hostId=h1', { headers }));
    };
    const issue = async () => hostTokenSchema.parse(await (await call('POST', '/api/hosts/h1/tokens')).json()).token;
    const first = await issue();
    const connected = await connect(first);
    expect(connected.status).toBe(101);
    const { webSocket } = connected;
    if (webSocket === null) throw new Error('no socket');
    const closed = new Promise<number>((resolve) => {
      webSocket.addEventListener('close', ({ code }) => resolve(code));
    });
    webSocket.accept();
    const capabilities = { name: 'h1', agents: ['a'], maxConcurrent: 1, cwd: '/' };
    const registered = new Promise<unknown>((resolve) => {
      webSocket.addEventListener('message', ({ data }) => resolve(JSON.parse(String(data))), { once: true });
    });
    webSocket.send(JSON.stringify({ type: 'register', hostId: 'h1', capabilities }));
    expect(await registered).toMatchObject({ type: 'registered', ok: true });
    expect((await call('DELETE', '/api/hosts/h1/tokens')).status).toBe(204);
    expect(await closed).toBe(4401);
    const refused = await connect(first);
    expect(refused.headers.get('x-request-id')).toEqual(expect.any(String));
    expect(await codeOf(refused)).toEqual([401, 'unauthorized']);
    const again = await connect(await issue());
    expect(again.status).toBe(101);
    again.webSocket?.accept();
    again.webSocket?.close();
  });

  test('an idempotent creation: the same task, or 409 for another body', async () => {
    const post = async (prompt: string) => {
      const headers = {
        authorization: `Bearer ${await token({ role: 'client' }, secret)}`,
        'content-type': 'application/json',
        'idempotency-key': 'once',
      };
      const init = { method: 'POST', headers, body: JSON.stringify({ prompt }) };
      return SELF.fetch(new Request('https://gateway.test/api/tasks', init));
    };
    const first = taskSchema.parse(await (await post('a')).json());
    const repeat = await post('a');
    expect([repeat.status, repeat.headers.get('idempotent-replayed')]).toEqual([201, 'true']);
    expect(taskSchema.parse(await repeat.json()).id).toBe(first.id);
    expect(await codeOf(await post('b'))).toEqual([409, 'idempotency_conflict']);
  });
});
