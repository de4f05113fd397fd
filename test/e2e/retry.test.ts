import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { z } from 'zod';
import { script } from './harness/prompt.ts';
import { entryText, type Task } from './harness/wire.ts';
import { World } from './harness/world.ts';

const world = new World();
afterAll(() => world.close());

const failedSchema = z.array(
  z.strictObject({
    attempt: z.int(),
    hostId: z.string(),
    at: z.int(),
    error: z.strictObject({ code: z.string(), message: z.string(), details: z.unknown().optional() }),
    result: z.looseObject({ success: z.boolean(), exitCode: z.int(), output: z.string() }),
  }),
);

function failedOf(task: Task) {
  return failedSchema.parse(task.failedAttempts ?? []);
}

test('[L8] [C2] an agent that fails is tried again where the task asks, though the server is killed while it waits', async () => {
  const server = await world.server();
  const api = server.api();
  const daemon = await world.onlineDaemon(server);
  const stumble = `stumble ${join(world.dir, world.name('stone'))} 3`;
  const body = script(['print begun', 'error a stone', stumble, 'print done'], {
    retry: { maxAttempts: 2, backoffMs: 3_000 },
  });
  const { id } = await api.createTask(body);
  const waits = await api.untilTask('has failed once', id, (task) => failedOf(task).length > 0);
  expect(waits).toMatchObject({ retry: body.retry });
  await server.crash();
  await server.startAgain();

  const task = await api.untilStatus(id, 'completed');
  expect(task).toMatchObject({ attempt: 2, result: { exitCode: 0 } });
  expect(failedOf(task)).toMatchObject([
    {
      attempt: 1,
      hostId: daemon.hostId,
      error: { code: 'agent_failed', details: expect.stringContaining('a stone') },
      result: { exitCode: 3, output: expect.stringContaining('begun') },
    },
  ]);
  // What goes to stderr may overtake what goes to stdout.
  const texts = (await api.finishedLog(id)).map(entryText).filter((text) => text !== 'a stone');
  const attempt = ['[assigned]', '[running]', 'begun'];
  expect(texts).toEqual(['[queued]', ...attempt, '[queued]', ...attempt, 'done', '[completed]']);
});

test('[L8] when all its attempts have failed, the task ends with the last', async () => {
  const server = await world.server();
  const api = server.api();
  await world.onlineDaemon(server);
  const { id } = await api.createTask(
    script(['print hopeless', 'exit 7'], { retry: { maxAttempts: 3, backoffMs: 100 } }),
  );
  const task = await api.untilStatus(id, 'failed');
  expect(task).toMatchObject({ attempt: 3, error: { code: 'agent_failed' }, result: { exitCode: 7 } });
  expect(failedOf(task).map(({ attempt }) => attempt)).toEqual([1, 2]);
});
