import { ERROR_STATUS } from '../../shared/errors.ts';
import { HttpError, tooMany } from './errors.ts';
import type { Fetchable } from './objects.ts';

/** ms after which a stream may have ended. */
const STREAM_WAIT_MS = 30_000;

/** The answer of a task's log object to a watcher: a 101 with a socket that gets the entries after `after`, one a frame. */
export async function watch(log: Fetchable, taskId: string, after: number): Promise<Response> {
  const query = new URLSearchParams({ task: taskId, after: String(after) });
  const response = await log.fetch(`https://log/watch?${query}`, { headers: { upgrade: 'websocket' } });
  if (response.status === 101) return response;
  await response.body?.cancel();
  if (response.status === ERROR_STATUS.log_expired) throw logExpired();
  if (response.status === ERROR_STATUS.rate_limited)
    throw tooMany('rate_limited', 'MAX_WATCHERS_PER_TASK', 'too many streams of this task are open', STREAM_WAIT_MS);
  throw new Error(`the log object answered ${response.status} to a watcher`);
}

export function logExpired(): HttpError {
  return new HttpError('log_expired', "the task's log is past its retention");
}
