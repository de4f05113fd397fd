import { z } from 'zod';
import { ERROR_STATUS } from '../../../shared/errors.ts';
import { taskIdSchema } from '../../../shared/ids.ts';
import { MAX_WATCHERS_PER_TASK } from '../../../shared/limits.ts';
import type { WatcherState } from './watcher-state.ts';

const watchQuerySchema = z.object({ task: taskIdSchema, after: z.coerce.number().int().min(0).default(0) });

/**
 * `GET /watch?task=<id>&after=<seq>` with a WebSocket upgrade: 101, then one entry per text frame, close 1000 after the
 * terminal entry. 410 when the logs are past retention, 429 when the task has `MAX_WATCHERS_PER_TASK` already, 426 without an upgrade, 404 elsewhere, 400 for another query.
 */
export function watch(
  request: Request,
  retired: boolean,
  watchersOf: (taskId: string) => number,
  accept: (socket: WebSocket, state: WatcherState) => void,
): Response {
  const url = new URL(request.url);
  if (url.pathname !== '/watch') return new Response(null, { status: ERROR_STATUS.not_found });
  if (request.headers.get('Upgrade')?.toLowerCase() !== 'websocket') {
    return new Response(null, { status: ERROR_STATUS.upgrade_required });
  }
  const query = watchQuerySchema.safeParse(Object.fromEntries(url.searchParams));
  if (!query.success) return new Response(null, { status: ERROR_STATUS.invalid_request });
  if (retired) return new Response(null, { status: ERROR_STATUS.log_expired });
  if (watchersOf(query.data.task) >= MAX_WATCHERS_PER_TASK)
    return new Response(null, { status: ERROR_STATUS.rate_limited });
  const { 0: client, 1: server } = new WebSocketPair();
  accept(server, { taskId: query.data.task, after: query.data.after });
  return new Response(null, { status: 101, webSocket: client });
}
