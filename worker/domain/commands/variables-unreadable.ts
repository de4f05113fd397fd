/** A task that no host could run as it was meant. Pure. */
import type { RunRef } from '../../../shared/protocol/run-ref.ts';
import { finish } from '../lifecycle.ts';
import type { Pool } from '../pool.ts';

const MESSAGE =
  'The variables in "env" cannot be decrypted any more: the JWT_SECRET of when the task was created is no longer set. Create it again.';

/** Ends the task whose offer was to be sent, unless that is no longer so. */
export function variablesUnreadable(pool: Pool, { taskId, attempt }: RunRef, now: number): void {
  const task = pool.activeTask(taskId);
  if (task?.status !== 'assigned' || task.offer !== attempt || task.delivered) return;
  finish(pool, task, { status: 'failed', code: 'env_unreadable', message: MESSAGE, now });
}
