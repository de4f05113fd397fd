import type { ListTasks, TaskList } from '../../shared/api/tasks.ts';
import { withoutDiff } from '../../shared/diff.ts';
import { MAX_PAGE_BYTES } from '../../shared/limits.ts';
import type { Task } from '../../shared/task.ts';
import { utf8Length } from '../../shared/utf8.ts';
import type { SchedulerForWorker, TaskBody, TaskView } from '../rpc.ts';
import type { Objects } from './objects.ts';
import { retrying } from './retry.ts';

/** Bodies asked for at once: so many of the largest stay below the 32 MiB of one call. */
const BODIES_PER_CALL = 20;

type Bodies = Map<string, TaskBody>;

function toTask(view: TaskView, body: TaskBody | undefined): Task {
  const { prompt, error, lateAttempts = [], ...rest } = view.task;
  const details = body?.errorDetails ?? error?.details;
  // What has come since the body was archived stands beside the task.
  const fresh = new Set(lateAttempts.map(({ attempt }) => attempt));
  const late = [...(body?.lateAttempts ?? []).filter(({ attempt }) => !fresh.has(attempt)), ...lateAttempts];
  return {
    ...rest,
    prompt: body?.prompt ?? prompt ?? '',
    ...(body?.metadata === undefined ? {} : { metadata: body.metadata }),
    ...(body?.result === undefined ? {} : { result: body.result }),
    ...(body?.failedAttempts === undefined ? {} : { failedAttempts: body.failedAttempts }),
    ...(late.length === 0 ? {} : { lateAttempts: late }),
    ...(error === undefined ? {} : { error: { ...error, ...(details === undefined ? {} : { details }) } }),
  };
}

/** Adds the bodies of the archived ones among `views`, the log objects asked side by side. */
async function fetchBodies(objects: Objects, views: TaskView[], bodies: Bodies): Promise<void> {
  const byLog = new Map<string, string[]>();
  for (const { archived, log, task } of views) {
    if (archived && !bodies.has(task.id)) byLog.set(log, [...(byLog.get(log) ?? []), task.id]);
  }
  await Promise.all([...byLog].map(([log, taskIds]) => fetchFrom(objects, log, taskIds, bodies)));
}

/** A log object answers as many as fit one page: it is asked for the rest until it has no more of them. */
async function fetchFrom(objects: Objects, log: string, taskIds: string[], bodies: Bodies): Promise<void> {
  let missing = taskIds;
  while (missing.length > 0) {
    const asked = missing;
    const found = await retrying(() => objects.log(log).bodies(asked));
    for (const [taskId, body] of Object.entries(found)) bodies.set(taskId, body);
    missing = asked.filter((taskId) => !bodies.has(taskId));
    if (missing.length === asked.length) return;
  }
}

/** One task, complete. */
export async function completeTask(objects: Objects, view: TaskView): Promise<Task> {
  const bodies: Bodies = new Map();
  await fetchBodies(objects, [view], bodies);
  return toTask(view, bodies.get(view.task.id));
}

/** As a list shows it: a page of diffs would hold few tasks. */
function inList({ result, ...task }: Task): Task {
  return result === undefined ? task : { ...task, result: withoutDiff(result) };
}

/** Tasks as a list shows them from the front of `views`, at least one, until they fill a page of `MAX_PAGE_BYTES`. */
async function takePage(objects: Objects, views: TaskView[], bodies: Bodies): Promise<Task[]> {
  const tasks: Task[] = [];
  let bytes = 0;
  for (let start = 0; start < views.length; start += BODIES_PER_CALL) {
    const group = views.slice(start, start + BODIES_PER_CALL);
    await fetchBodies(objects, group, bodies);
    for (const view of group) {
      const task = inList(toTask(view, bodies.get(view.task.id)));
      bytes += utf8Length(JSON.stringify(task));
      if (bytes > MAX_PAGE_BYTES && tasks.length > 0) return tasks;
      tasks.push(task);
    }
  }
  return tasks;
}

/** A page of tasks; shorter than asked for when their bodies are large, `nextCursor` then goes on right behind it. */
export async function taskPage(
  objects: Objects,
  scheduler: () => SchedulerForWorker,
  query: ListTasks & { createdBy?: string },
): Promise<TaskList> {
  const bodies: Bodies = new Map();
  const list = (limit: number) => retrying(() => scheduler().listTasks({ ...query, limit }));
  const asked = await list(query.limit);
  const fitting = await takePage(objects, asked.views, bodies);
  if (fitting.length === asked.views.length) return { tasks: fitting, nextCursor: asked.nextCursor };
  // Only SchedulerDO can make the cursor of the shorter page.
  const cut = await list(fitting.length);
  await fetchBodies(objects, cut.views, bodies);
  return { tasks: cut.views.map((view) => inList(toTask(view, bodies.get(view.task.id)))), nextCursor: cut.nextCursor };
}
