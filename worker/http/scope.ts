import type { Context, MiddlewareHandler } from 'hono';
import type { HostStatus } from '../../shared/host.ts';
import { MAX_TASK_PAGE } from '../../shared/limits.ts';
import { inScope } from '../../shared/scope.ts';
import { scopeOf } from '../../shared/token.ts';
import type { AppEnv } from './context.ts';
import { notFound } from './errors.ts';
import { taskIdParam } from './params.ts';
import { retrying } from './retry.ts';

/** Stands before whatever is about one task: to a narrowed token only those exist that one of its `sub` created. */
export const ownTask: MiddlewareHandler<AppEnv> = async (c, next) => {
  const claims = c.get('claims');
  if (scopeOf(claims) !== undefined) {
    const id = taskIdParam(c);
    const view = await retrying(() => c.get('objects').scheduler(claims.pool).getTask(id));
    if (view?.isScoped !== true || view.task.createdBy !== claims.sub) throw notFound('task');
  }
  await next();
};

/** Whose tasks a list holds: a narrowed token's own. */
export function ownOnly(c: Context<AppEnv>): { createdBy?: string } {
  const claims = c.get('claims');
  return scopeOf(claims) === undefined ? {} : { createdBy: claims.sub };
}

/** Whether the token may know of this host. */
function isVisible(c: Context<AppEnv>, { hostId, capabilities }: HostStatus): boolean {
  return inScope({ hostId, labels: capabilities.labels ?? {} }, scopeOf(c.get('claims')));
}

/** As the token may see it: of the tasks at work there its own alone. */
export async function asSeen(c: Context<AppEnv>, hosts: HostStatus[]): Promise<HostStatus[]> {
  const claims = c.get('claims');
  if (scopeOf(claims) === undefined) return hosts;
  const own = new Set<string>();
  for (const status of ['assigned', 'running'] as const) {
    const query = { status, limit: MAX_TASK_PAGE, createdBy: claims.sub };
    const { views } = await retrying(() => c.get('objects').scheduler(claims.pool).listTasks(query));
    for (const { task } of views) own.add(task.id);
  }
  return hosts
    .filter((host) => isVisible(c, host))
    .map((host) => ({ ...host, activeTasks: host.activeTasks.filter((id) => own.has(id)) }));
}
