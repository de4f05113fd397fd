import { describe, expect, test } from 'vitest';
import { taskListSchema } from '../../../shared/api/tasks.ts';
import { MAX_PAGE_BYTES } from '../../../shared/limits.ts';
import { taskSchema } from '../../../shared/task.ts';
import type { Origin, TaskView } from '../../../worker/rpc.ts';
import { appWith, bearer, envWith, type Fakes, viewOf } from './support.ts';

async function request(fakes: Fakes, path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set('authorization', (await bearer({ role: 'client', sub: 'ann' })).authorization);
  return appWith(fakes).request(path, { ...init, headers }, envWith());
}

const post = (fakes: Fakes, headers: Record<string, string> = {}) =>
  request(fakes, '/api/tasks', {
    method: 'POST',
    body: '{"prompt":"do it"}',
    headers: { 'content-type': 'application/json', ...headers },
  });

const archived = (id: string, log = 'default/2026-11-17/0'): TaskView => ({
  task: {
    id,
    status: 'failed',
    agentType: 'a',
    attempt: 1,
    createdAt: 1,
    error: { code: 'agent_failed', message: 'no' },
  },
  log,
  archived: true,
  isScoped: false,
});

describe('POST /api/tasks [C2]', () => {
  test('201 with the task and where it is', async () => {
    const response = await post({ scheduler: { createTask: async () => ({ kind: 'created', view: viewOf('t1') }) } });
    expect(response.status).toBe(201);
    expect(response.headers.get('location')).toBe('/api/tasks/t1');
    expect(response.headers.get('idempotent-replayed')).toBeNull();
    expect(taskSchema.parse(await response.json())).toMatchObject({ id: 't1', status: 'queued', prompt: 'do it' });
  });

  test('a repeat answers the first task and says so', async () => {
    const origins: Origin[] = [];
    const createTask = async (_request: unknown, origin: Origin) => {
      origins.push(origin);
      return { kind: 'repeated' as const, view: viewOf('t1') };
    };
    const response = await post({ scheduler: { createTask } }, { 'idempotency-key': 'k1' });
    expect([response.status, response.headers.get('idempotent-replayed')]).toEqual([201, 'true']);
    expect(origins).toEqual([{ sub: 'ann', idempotencyKey: 'k1' }]);
  });

  test.each([
    ['idempotency_conflict', 409],
    ['queue_full', 429],
  ] as const)('%s: %i', async (code, status) => {
    const response = await post({ scheduler: { createTask: async () => ({ kind: 'error', code, message: 'no' }) } });
    expect([response.status, await response.json()]).toEqual([status, { error: { code, message: 'no' } }]);
  });

  test('a lost object is asked again only under a key: without one a repeat would be a second task', async () => {
    for (const [headers, expected] of [
      [{}, 1],
      [{ 'idempotency-key': 'k' }, 3],
    ] as const) {
      let calls = 0;
      const createTask = async () => {
        calls += 1;
        throw Object.assign(new Error('reset'), { retryable: true });
      };
      const response = await post({ scheduler: { createTask } }, headers);
      expect([response.status, calls]).toEqual([503, expected]);
    }
  });
});

describe('reading tasks [C2]', () => {
  test('an unknown one: 404', async () => {
    expect((await request({ scheduler: { getTask: async () => null } }, '/api/tasks/nope')).status).toBe(404);
  });

  test('an archived one is put together from its log object', async () => {
    const result = { success: false, exitCode: 2 };
    const response = await request(
      {
        scheduler: { getTask: async () => archived('t1') },
        log: { bodies: async () => ({ t1: { prompt: 'p', metadata: { a: 1 }, result, errorDetails: 'tail' } }) },
      },
      '/api/tasks/t1',
    );
    const error = { code: 'agent_failed', message: 'no', details: 'tail' };
    expect(await response.json()).toMatchObject({ id: 't1', prompt: 'p', metadata: { a: 1 }, result, error });
  });

  test('a list asks each log object once, for its own tasks', async () => {
    const asked: string[][] = [];
    const response = await request(
      {
        scheduler: {
          listTasks: async () => ({
            views: [archived('a', 'l1'), viewOf('b'), archived('c', 'l2'), archived('d', 'l1')],
            nextCursor: '9',
          }),
        },
        log: {
          bodies: async (ids) => {
            asked.push(ids);
            return Object.fromEntries(ids.map((id) => [id, { prompt: `of ${id}` }]));
          },
        },
      },
      '/api/tasks',
    );
    const { tasks, nextCursor } = taskListSchema.parse(await response.json());
    expect(tasks.map(({ id, prompt }) => [id, prompt])).toEqual([
      ['a', 'of a'],
      ['b', 'do it'],
      ['c', 'of c'],
      ['d', 'of d'],
    ]);
    expect(nextCursor).toBe('9');
    expect(asked.sort()).toEqual([['a', 'd'], ['c']]);
  });

  test('a page ends where its bodies fill it, and its cursor goes on right there', async () => {
    const ids = Array.from({ length: 60 }, (_, index) => `t${index}`);
    const prompt = 'x'.repeat(MAX_PAGE_BYTES / 8);
    const fakes: Fakes = {
      scheduler: {
        listTasks: async ({ limit, cursor }) => {
          const start = Number(cursor ?? 0);
          const end = Math.min(start + limit, ids.length);
          const views = ids.slice(start, end).map((id) => archived(id));
          return { views, nextCursor: end < ids.length ? String(end) : null };
        },
      },
      log: { bodies: async (asked) => Object.fromEntries(asked.map((id) => [id, { prompt }])) },
    };
    const seen: string[] = [];
    let cursor: string | null = '0';
    while (cursor !== null) {
      const text: string = await (await request(fakes, `/api/tasks?limit=50&cursor=${cursor}`)).text();
      expect(text.length).toBeLessThan(MAX_PAGE_BYTES + 10_000);
      const page = taskListSchema.parse(JSON.parse(text));
      seen.push(...page.tasks.map(({ id }) => id));
      cursor = page.nextCursor;
    }
    expect(seen).toEqual(ids);
  });
});

describe('abort, input and finish [C2]', () => {
  test.each(['abort', 'input', 'finish'] as const)('%s: 202, or the error that SchedulerDO names', async (command) => {
    const call = (reply: Awaited<ReturnType<NonNullable<NonNullable<Fakes['scheduler']>['abortTask']>>>) =>
      request(
        { scheduler: { abortTask: async () => reply, inputTask: async () => reply, finishTask: async () => reply } },
        `/api/tasks/t1/${command}`,
        { method: 'POST', body: '{"content":"y"}', headers: { 'content-type': 'application/json' } },
      );
    expect((await call({ kind: 'accepted' })).status).toBe(202);
    for (const [code, status] of [
      ['not_found', 404],
      ['task_finished', 409],
      ['task_not_running', 409],
      ['input_unsupported', 409],
      ['not_interactive', 409],
    ] as const) {
      expect((await call({ kind: 'error', code, message: 'no' })).status).toBe(status);
    }
  });
});
