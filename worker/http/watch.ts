import { HttpError } from './errors.ts';
import type { Fetchable } from './objects.ts';

/** The answer of a task's log object to a watcher: a 101 with a socket that gets the entries after `after`, one a frame. */
export async function watch(log: Fetchable, taskId: string, after: number): Promise<Response> {
  const query = new URLSearchParams({ task: taskId, after: String(after) });
  const response = await log.fetch(`https://log/watch?${query}`, { headers: { upgrade: 'websocket' } });
  if (response.status === 101) return response;
  await response.body?.cancel();
  if (response.status === 410) throw logExpired();
  throw new Error(`the log object answered ${response.status} to a watcher`);
}

export function logExpired(): HttpError {
  return new HttpError('log_expired', "the task's log is past its retention");
}
