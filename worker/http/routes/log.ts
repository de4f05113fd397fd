import type { Context, Hono } from 'hono';
import { lastEventIdSchema, readLogSchema } from '../../../shared/api/log.ts';
import { isTerminal } from '../../../shared/task.ts';
import type { TaskView } from '../../rpc.ts';
import { allow, authenticate } from '../auth.ts';
import type { AppEnv } from '../context.ts';
import { notFound } from '../errors.ts';
import { queryOf, taskIdParam } from '../params.ts';
import { relay } from '../relay.ts';
import { resource } from '../resource.ts';
import { retrying } from '../retry.ts';
import { ownTask } from '../scope.ts';
import { sseStream } from '../sse.ts';
import { StreamGuard } from '../stream-guard.ts';
import { asksForWatchProtocol, isUpgrade, WATCH_PROTOCOL } from '../upgrade.ts';
import { validate } from '../validate.ts';
import { logExpired, watch } from '../watch.ts';

const SSE_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  // nginx and its kin would hold events back.
  'x-accel-buffering': 'no',
};

function wantsEventStream(c: Context<AppEnv>): boolean {
  const accepted = c.req.header('accept')?.split(',') ?? [];
  return accepted.some((range) => range.split(';')[0]?.trim().toLowerCase() === 'text/event-stream');
}

/** `GET /api/tasks/:id/events` in its three forms: a WebSocket, server-sent events, or a page of JSON. */
async function events(c: Context<AppEnv>): Promise<Response> {
  const id = taskIdParam(c);
  const { after, limit } = queryOf(c, readLogSchema);
  const header = c.req.header('last-event-id') ?? '';
  const lastEventId = header === '' ? undefined : validate(lastEventIdSchema, header, 'Last-Event-ID');
  const view = await retrying(() => c.get('objects').scheduler(c.get('claims').pool).getTask(id));
  if (view === null) throw notFound('task');
  if (isUpgrade(c.req.raw)) {
    const { guard, first } = await openGuarded(c, view, after);
    return relay(first, guard, asksForWatchProtocol(c.req.raw) ? WATCH_PROTOCOL : null);
  }
  if (wantsEventStream(c)) return await stream(c, view, after, lastEventId);
  const page = await retrying(() => c.get('objects').log(view.log).read(id, after, limit));
  if (page === null) throw logExpired();
  return Response.json(page);
}

/** A watcher's socket, not yet accepted. */
async function openWatch(c: Context<AppEnv>, { log, task }: TaskView, after: number): Promise<WebSocket> {
  const { webSocket } = await watch(c.get('objects').log(log), task.id, after);
  if (webSocket === null) throw new Error('the log object accepted a watcher without a socket');
  return webSocket;
}

/** The first socket of a stream, under the guard of its token. */
async function openGuarded(c: Context<AppEnv>, view: TaskView, after: number) {
  const guard = await StreamGuard.open(c);
  try {
    return { guard, first: await retrying(() => openWatch(c, view, after)) };
  } catch (error) {
    guard.stop();
    throw error;
  }
}

async function stream(c: Context<AppEnv>, view: TaskView, after: number, lastEventId?: number): Promise<Response> {
  if (c.req.method === 'HEAD') return new Response(null, { headers: SSE_HEADERS });
  const log = () => c.get('objects').log(view.log);
  const taskId = view.task.id;
  if (lastEventId !== undefined && isTerminal(view.task.status)) {
    const rest = await retrying(() => log().read(taskId, lastEventId, 1));
    if (rest === null) throw logExpired();
    // A browser's EventSource comes back after every end, and stops for good on 204 alone.
    if (rest.done && rest.events.length === 0) return new Response(null, { status: 204 });
  }
  const from = lastEventId ?? after;
  const { guard, first } = await openGuarded(c, view, from);
  const token = new AbortController();
  guard.onEnd(() => token.abort());
  const source = { open: (start: number) => openWatch(c, view, start), closed: () => guard.stop() };
  const signal = AbortSignal.any([c.req.raw.signal, token.signal]);
  return new Response(sseStream(source, first, from, signal), { headers: SSE_HEADERS });
}

/** The log of one task. */
export function logRoutes(app: Hono<AppEnv>): void {
  resource(app, '/api/tasks/:id/events', { GET: [authenticate, allow('client', 'admin'), ownTask, events] });
}
