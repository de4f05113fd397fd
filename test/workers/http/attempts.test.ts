import { expect, test } from 'vitest';
import type { LateAttempt } from '../../../shared/task.ts';
import type { Objects } from '../../../worker/http/objects.ts';
import { completeTask } from '../../../worker/http/views.ts';
import type { TaskBody, TaskView } from '../../../worker/rpc.ts';

function late(attempt: number, output: string): LateAttempt {
  return { attempt, hostId: 'box', at: 1, result: { success: true, output } };
}

function never(): never {
  throw new Error('not asked for');
}

function objectsWith(body: TaskBody): Pick<Objects, 'log'> {
  const log = {
    append: never,
    appendStatus: never,
    ackedSeq: never,
    read: never,
    archive: never,
    fetch: never,
    bodies: async () => ({ t: body }),
  };
  return { log: () => log };
}

test('[L2] late attempts are shown after the body was archived, and those that have come since', async () => {
  const task = { id: 't', status: 'completed', agentType: 'a', attempt: 3, createdAt: 1 } as const;
  const view: TaskView = {
    task: { ...task, lateAttempts: [late(2, 'again')] },
    log: 'l',
    archived: true,
    isScoped: false,
  };
  const objects = objectsWith({ prompt: 'p', lateAttempts: [late(1, 'first'), late(2, 'second')] });
  const shown = await completeTask({ ...objects, scheduler: never, host: never, access: never }, view);
  expect(shown.lateAttempts).toEqual([late(1, 'first'), late(2, 'again')]);
});

test('[L8] failed attempts are shown after the body was archived', async () => {
  const failed = { attempt: 1, hostId: 'box', at: 1, error: { code: 'agent_failed' as const, message: 'no' } };
  const task = { id: 't', status: 'completed', agentType: 'a', attempt: 2, createdAt: 1 } as const;
  const objects = objectsWith({ prompt: 'p', failedAttempts: [failed] });
  const shown = await completeTask(
    { ...objects, scheduler: never, host: never, access: never },
    { task, log: 'l', archived: true, isScoped: false },
  );
  expect(shown.failedAttempts).toEqual([failed]);
});
