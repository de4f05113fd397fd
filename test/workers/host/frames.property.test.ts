import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { CLOSE } from '../../../shared/close-codes.ts';
import { MAX_FRAME_BYTES } from '../../../shared/limits.ts';
import { Client, freshPool, hostStub, registerV1, registerV2, v1Host, v2Host } from './client.ts';
import { createTask, event, story, taskView, until } from './pool.ts';
import { v1DownSchema } from './v1-frames.ts';

/** Many runs on a busy machine. */
const PROPERTY_TIMEOUT_MS = 60_000;

const TYPES = [
  'register',
  'heartbeat',
  'task:started',
  'task:event',
  'task:events',
  'task:completed',
  'task:failed',
  'task:refused',
  'input:ack',
  'unheard:of',
];

beforeEach(() => {
  for (const level of ['warn', 'error'] as const) vi.spyOn(console, level).mockImplementation(() => {});
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** Any field of any frame, right, wrong or absent. */
function anyFrame(taskIds: string[]): fc.Arbitrary<string> {
  const junk = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constant(null));
  const either = <T>(good: fc.Arbitrary<T>) => fc.oneof({ weight: 3, arbitrary: good }, { weight: 1, arbitrary: junk });
  const oneEvent = either(fc.constant(event('noise')));
  const fields = fc.record(
    {
      type: either(fc.constantFrom(...TYPES)),
      taskId: either(fc.constantFrom(...taskIds, 'nobodys', '../etc', '')),
      attempt: either(fc.integer({ min: -1, max: 3 })),
      seq: either(fc.integer({ min: -1, max: 9 })),
      event: oneEvent,
      events: either(fc.array(oneEvent, { maxLength: 4 })),
      sessionId: either(fc.string()),
      result: either(fc.record({ success: fc.boolean(), exitCode: fc.integer() }, { requiredKeys: [] })),
      error: either(fc.string()),
      reason: either(fc.constantFrom('full', 'directory', 'because')),
      message: either(fc.string()),
      inputId: either(fc.string()),
      timestamp: either(fc.integer()),
    },
    { requiredKeys: ['type'] },
  );
  return fc.oneof(
    { weight: 8, arbitrary: fields.map((value) => JSON.stringify(value)) },
    { weight: 1, arbitrary: fc.string() },
    { weight: 1, arbitrary: junk.map((value) => JSON.stringify(value)) },
  );
}

async function taskFor(pool: string, host: Client): Promise<string> {
  const { task } = await createTask(pool, { hostId: host.hostId });
  const frame = await host.next('task:execute');
  expect(z.object({ task: z.object({ taskId: z.string() }) }).parse(frame).task.taskId).toBe(task.id);
  return task.id;
}

/** After any frames at all, a task that they did not name runs as if nothing had been. */
async function runsUndisturbed(pool: string, host: Client, taskId: string, version: 1 | 2): Promise<void> {
  const run = version === 1 ? { taskId } : { taskId, attempt: 1 };
  host.send({ type: 'task:started', ...run, sessionId: 's' });
  host.send(
    version === 1
      ? { type: 'task:event', ...run, event: event('word') }
      : { type: 'task:events', ...run, seq: 1, events: [event('word')] },
  );
  host.send({ type: 'task:completed', ...run, seq: 1, result: { success: true } });
  const view = await until(
    () => taskView(pool, taskId),
    ({ task }) => task.status === 'completed',
  );
  const told = await until(
    () => story(view),
    (lines) => lines.at(-1) === 'completed',
  );
  expect(told.slice(-3)).toEqual(['running', 'word', 'completed']);
}

for (const version of [1, 2] as const) {
  it(
    `no frames of version ${version} break the object or another task`,
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(anyFrame(['TASK']), { maxLength: 25 }), async (frames) => {
          const pool = freshPool();
          const host = await (version === 1 ? v1Host(pool, 'box') : v2Host(pool, 'box'));
          const disturbed = await taskFor(pool, host);
          const other = await taskFor(pool, host);
          for (const frame of frames) host.sendRaw(frame.replaceAll('TASK', disturbed));
          await runsUndisturbed(pool, host, other, version);
          if (version === 1) for (const frame of host.frames) v1DownSchema.parse(frame);
          host.close();
        }),
        { numRuns: 25 },
      );
    },
    PROPERTY_TIMEOUT_MS,
  );
}

it(
  'no first frame breaks the object',
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(anyFrame(['x']), fc.constant('{"type":"register"}')), async (frame) => {
        const pool = freshPool();
        const host = await Client.connect(pool, 'box');
        host.sendRaw(frame);
        expect((await host.untilClosed()).code).toBe(CLOSE.PROTOCOL);
        const next = await v2Host(pool, 'box');
        expect(await hostStub(pool, 'box').lastSeen()).not.toBe(null);
        next.close();
      }),
      { numRuns: 30 },
    );
  },
  PROPERTY_TIMEOUT_MS,
);

it('closes a connection that sends an oversized or a binary frame, and serves the next one', async () => {
  const pool = freshPool();
  const host = await v2Host(pool, 'box');
  host.sendRaw(JSON.stringify({ type: 'task:events', filler: 'x'.repeat(MAX_FRAME_BYTES) }));
  expect((await host.untilClosed()).code).toBe(CLOSE.PROTOCOL);
  const again = await v1Host(pool, 'box');
  again.sendRaw(new ArrayBuffer(20));
  expect((await again.untilClosed()).code).toBe(CLOSE.PROTOCOL);
  await v2Host(pool, 'box');
});

it('a second register on the same connection changes nothing', async () => {
  const pool = freshPool();
  const host = await v2Host(pool, 'box');
  host.send(registerV2('box'));
  host.send(registerV1('box'));
  await runsUndisturbed(pool, host, await taskFor(pool, host), 2);
  expect(host.frames.filter((frame) => frame.type === 'registered')).toHaveLength(1);
});
