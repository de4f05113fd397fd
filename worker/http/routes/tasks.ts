import type { Context, Hono } from 'hono';
import type { AuditAction } from '../../../shared/api/access.ts';
import {
  createTaskSchema,
  idempotencyKeySchema,
  listTasksSchema,
  taskInputBodySchema,
} from '../../../shared/api/tasks.ts';
import { scopeOf } from '../../../shared/token.ts';
import type { CommandReply, SchedulerForWorker } from '../../rpc.ts';
import { audited } from '../audit.ts';
import { allow, authenticate, forbid, tokenKey } from '../auth.ts';
import { readJson } from '../body.ts';
import type { AppEnv } from '../context.ts';
import { notFound, refusalOf } from '../errors.ts';
import { queryOf, taskIdParam } from '../params.ts';
import { limitRate } from '../rate-limit.ts';
import { resource } from '../resource.ts';
import { retrying } from '../retry.ts';
import { ownOnly, ownTask } from '../scope.ts';
import { validate } from '../validate.ts';
import { completeTask, taskPage } from '../views.ts';

const mayUseTasks = [authenticate, allow('client', 'admin')];

function mayChangeTasks(action: AuditAction) {
  return [authenticate, audited(action), allow('client', 'admin')];
}

function schedulerOf(c: Context<AppEnv>): SchedulerForWorker {
  return c.get('objects').scheduler(c.get('claims').pool);
}

function accepted(reply: CommandReply): Response {
  if (reply.kind === 'error') throw refusalOf(reply);
  return Response.json({ ok: true }, { status: 202 });
}

/** `POST /api/tasks`: 201 the task; a repeat by `Idempotency-Key` answers the first one, marked `Idempotent-Replayed`. */
async function create(c: Context<AppEnv>): Promise<Response> {
  const request = await readJson(c.req.raw, createTaskSchema);
  const claims = c.get('claims');
  const { sub } = claims;
  const scope = scopeOf(claims);
  if (request.hostId !== undefined && scope?.hosts?.includes(request.hostId) === false)
    forbid(c, '"hostId" is not among the hosts that the token is narrowed to');
  await limitRate(c, 'MAX_NEW_TASKS_PER_MINUTE', tokenKey(claims), 'tasks created with this token');
  const header = c.req.header('idempotency-key');
  const idempotencyKey = header === undefined ? undefined : validate(idempotencyKeySchema, header, 'Idempotency-Key');
  const origin = {
    sub,
    ...(scope === undefined ? {} : { scope }),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  };
  const call = () => schedulerOf(c).createTask(request, origin);
  // Without a key a repeat would be a second task.
  const reply = await (idempotencyKey === undefined ? call() : retrying(call));
  if (reply.kind === 'error') throw refusalOf(reply);
  c.set('auditTarget', reply.view.task.id);
  const task = await completeTask(c.get('objects'), reply.view);
  return Response.json(task, {
    status: 201,
    headers: {
      location: `/api/tasks/${task.id}`,
      ...(reply.kind === 'repeated' ? { 'idempotent-replayed': 'true' } : {}),
    },
  });
}

async function list(c: Context<AppEnv>): Promise<Response> {
  const query = { ...queryOf(c, listTasksSchema), ...ownOnly(c) };
  return Response.json(await taskPage(c.get('objects'), () => schedulerOf(c), query));
}

async function read(c: Context<AppEnv>): Promise<Response> {
  const id = taskIdParam(c);
  const view = await retrying(() => schedulerOf(c).getTask(id));
  if (view === null) throw notFound('task');
  return Response.json(await completeTask(c.get('objects'), view));
}

async function abort(c: Context<AppEnv>): Promise<Response> {
  const id = taskIdParam(c);
  return accepted(await retrying(() => schedulerOf(c).abortTask(id)));
}

/** Not retried: an input has no id of its own before SchedulerDO has taken it. */
async function input(c: Context<AppEnv>): Promise<Response> {
  const id = taskIdParam(c);
  const { content } = await readJson(c.req.raw, taskInputBodySchema);
  return accepted(await schedulerOf(c).inputTask(id, content));
}

async function finish(c: Context<AppEnv>): Promise<Response> {
  const id = taskIdParam(c);
  return accepted(await retrying(() => schedulerOf(c).finishTask(id)));
}

export function taskRoutes(app: Hono<AppEnv>): void {
  resource(app, '/api/tasks', { GET: [...mayUseTasks, list], POST: [...mayChangeTasks('task.create'), create] });
  resource(app, '/api/tasks/:id', { GET: [...mayUseTasks, ownTask, read] });
  resource(app, '/api/tasks/:id/abort', { POST: [...mayChangeTasks('task.abort'), ownTask, abort] });
  resource(app, '/api/tasks/:id/input', { POST: [...mayChangeTasks('task.input'), ownTask, input] });
  resource(app, '/api/tasks/:id/finish', { POST: [...mayChangeTasks('task.finish'), ownTask, finish] });
}
