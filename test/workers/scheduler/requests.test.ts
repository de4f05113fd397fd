import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import type { CreateTask } from '../../../shared/api/tasks.ts';
import type { SchedulerForWorker } from '../../../worker/rpc.ts';
import { freshPool, v2Host } from '../host/client.ts';
import { createTask, taskView, until } from '../host/pool.ts';

/** The stub as its interface: the runtime's types give up on calls whose answer holds `unknown`. */
function schedulerOf(pool: string): SchedulerForWorker {
  return env.SCHEDULER.getByName(pool);
}

const REQUEST: CreateTask = { prompt: 'do it', agentType: 'opencode' };

describe('[C2] Idempotency-Key', () => {
  it('gives the first task again, in whatever order the fields come', async () => {
    const scheduler = schedulerOf(freshPool());
    const origin = { sub: 'me', idempotencyKey: 'k' };
    const first = await scheduler.createTask({ ...REQUEST, metadata: { a: 1, b: 2 } }, origin);
    const again = await scheduler.createTask(
      { agentType: 'opencode', metadata: { b: 2, a: 1 }, prompt: 'do it' },
      origin,
    );
    if (first.kind === 'error' || again.kind === 'error') throw new Error('refused');
    expect(again.kind).toBe('repeated');
    expect(again.view.task.id).toBe(first.view.task.id);
    expect((await scheduler.listTasks({ limit: 10 })).views).toHaveLength(1);
  });

  it('refuses another request under the same key, and keeps the keys of others apart', async () => {
    const scheduler = schedulerOf(freshPool());
    await scheduler.createTask(REQUEST, { sub: 'me', idempotencyKey: 'k' });
    const other = { ...REQUEST, prompt: 'something else' };
    expect(await scheduler.createTask(other, { sub: 'me', idempotencyKey: 'k' })).toMatchObject({
      code: 'idempotency_conflict',
    });
    expect((await scheduler.createTask(other, { sub: 'you', idempotencyKey: 'k' })).kind).toBe('created');
  });

  it('makes one task of many requests at once', async () => {
    const scheduler = schedulerOf(freshPool());
    const origin = { sub: 'me', idempotencyKey: 'k' };
    const replies = await Promise.all(Array.from({ length: 20 }, () => scheduler.createTask(REQUEST, origin)));
    const ids = replies.map((reply) => (reply.kind === 'error' ? reply.code : reply.view.task.id));
    expect(new Set(ids).size).toBe(1);
    expect(replies.filter((reply) => reply.kind === 'created')).toHaveLength(1);
  });
});

describe('[C2] listing', () => {
  it('gives every task once, newest first, page by page, also while new ones come', async () => {
    const pool = freshPool();
    const scheduler = schedulerOf(pool);
    const made: string[] = [];
    for (let count = 0; count < 5; count += 1) made.push((await createTask(pool)).task.id);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page = await scheduler.listTasks({
        limit: 2,
        ...(cursor === null ? {} : { cursor }),
      });
      seen.push(...page.views.map((view) => view.task.id));
      cursor = page.nextCursor;
      await createTask(pool);
    } while (cursor !== null);
    expect(seen).toEqual(made.reverse());
  });

  it('filters by status and by host', async () => {
    const pool = freshPool();
    const scheduler = schedulerOf(pool);
    const aborted = await createTask(pool, { hostId: 'one' });
    await createTask(pool, { hostId: 'two' });
    await scheduler.abortTask(aborted.task.id);
    const ids = async (query: object) =>
      (await scheduler.listTasks({ limit: 10, ...query })).views.map((view) => view.task.id);
    expect(await ids({ status: 'aborted' })).toEqual([aborted.task.id]);
    expect(await ids({ hostId: 'one' })).toEqual([aborted.task.id]);
    expect(await ids({ status: 'queued', hostId: 'one' })).toEqual([]);
  });
});

it('[C2] says why a task waits, and fills in the host’s directory when it is assigned', async () => {
  const pool = freshPool();
  const view = await createTask(pool);
  expect(view.task).toMatchObject({ status: 'queued', attempt: 0, waiting: { reason: 'no_host_online' } });
  expect(view.task.cwd).toBeUndefined();
  const host = await v2Host(pool, 'box');
  await host.next('task:execute');
  const { task } = await taskView(pool, view.task.id);
  expect(task).toMatchObject({
    status: 'assigned',
    hostId: 'box',
    cwd: '/srv/work',
    waiting: { reason: 'awaiting_host' },
  });
});

it('[R24] keeps the values of env encrypted, hands them to the host as they were, and forgets them', async () => {
  const pool = freshPool();
  const { task } = await createTask(pool, { env: { SECRET: 'hunter2' } });
  const rows = () =>
    runInDurableObject(env.SCHEDULER.getByName(pool), (_, { storage: { sql } }) =>
      JSON.stringify(
        ['body', 'task', 'outbox', 'idempotency'].map((name) => sql.exec(`SELECT * FROM ${name}`).toArray()),
      ),
    );
  expect(await rows()).not.toContain('hunter2');
  expect(await rows()).toContain('sealedEnv');
  const host = await v2Host(pool, 'box');
  expect(await host.next('task:execute')).toMatchObject({ task: { env: { SECRET: 'hunter2' } } });
  const run = { taskId: task.id, attempt: 1 };
  host.send({ type: 'task:started', ...run, sessionId: '' });
  host.send({ type: 'task:completed', ...run, seq: 0, result: { success: true } });
  await host.next('task:settled');
  await until(rows, (text) => !text.includes('sealedEnv'));
});

it('[R24] hands out the variables of a row from before they were encrypted', async () => {
  const pool = freshPool();
  const { task } = await createTask(pool, { env: { SECRET: 'sealed' } });
  await runInDurableObject(env.SCHEDULER.getByName(pool), (_, { storage: { sql } }) => {
    const body = JSON.stringify({ prompt: 'do it', env: { SECRET: 'plain' } });
    sql.exec('UPDATE body SET request = ? WHERE task_id = ?', body, task.id);
  });
  const host = await v2Host(pool, 'box');
  expect(await host.next('task:execute')).toMatchObject({ task: { env: { SECRET: 'plain' } } });
});

it('[C2] never shows the values of env', async () => {
  const pool = freshPool();
  const { task } = await createTask(pool, { env: { SECRET: 'hunter2' } });
  expect(task.envNames).toEqual(['SECRET']);
  expect(JSON.stringify(await taskView(pool, task.id))).not.toContain('hunter2');
});

it('[R30] finds the tasks of a narrowed token by an index, among however many others', async () => {
  const pool = freshPool();
  const scheduler = schedulerOf(pool);
  const scope = { hosts: ['mine'] };
  for (const origin of [{ sub: 'a', scope }, { sub: 'a' }, { sub: 'b', scope }, { sub: 'a', scope }])
    await scheduler.createTask(REQUEST, origin);
  const { views } = await scheduler.listTasks({ limit: 10, createdBy: 'a' });
  expect(views.map(({ isScoped, task }) => [isScoped, task.createdBy])).toEqual([
    [true, 'a'],
    [true, 'a'],
  ]);
  const plan = await runInDurableObject(env.SCHEDULER.getByName(pool), (_object, { storage }) =>
    storage.sql
      .exec(
        `EXPLAIN QUERY PLAN SELECT state FROM task WHERE ord < ? AND state ->> 'scope' IS NOT NULL
          AND state ->> 'createdBy' = ? ORDER BY ord DESC LIMIT ?`,
        1,
        'a',
        1,
      )
      .toArray(),
  );
  expect(JSON.stringify(plan)).toContain('task_scoped');
});
