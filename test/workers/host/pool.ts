import { env } from 'cloudflare:workers';
import type { LogEntry } from '../../../shared/log-entry.ts';
import type { LogApi, SchedulerForHost, SchedulerForWorker, TaskView } from '../../../worker/rpc.ts';

/** The pool's side of a test: SchedulerDO and LogDO themselves. */

export function schedulerOf(pool: string): SchedulerForWorker & SchedulerForHost {
  return env.SCHEDULER.getByName(pool);
}

export function logAt(name: string): LogApi {
  return env.LOG.getByName(name);
}

export async function createTask(pool: string, extra: object = {}): Promise<TaskView> {
  const request = { prompt: 'do it', agentType: 'opencode', ...extra };
  const reply = await schedulerOf(pool).createTask(request, { sub: 'tester' });
  if (reply.kind === 'error') throw new Error(reply.message);
  return reply.view;
}

export async function taskView(pool: string, taskId: string): Promise<TaskView> {
  const view = await schedulerOf(pool).getTask(taskId);
  if (view === null) throw new Error(`no task ${taskId}`);
  return view;
}

export async function logOf({ log, task }: TaskView): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  let after = 0;
  for (;;) {
    const page = await logAt(log).read(task.id, after, 1000);
    if (page === null || page.nextAfter === after) return entries;
    entries.push(...page.events);
    after = page.nextAfter;
  }
}

/** `assigned`, `running`, `event 1` …: what the log says, in order. */
export async function story(view: TaskView): Promise<string[]> {
  const entries = await logOf(view);
  return entries.map((entry) => {
    if ('gap' in entry) return 'gap';
    return 'status' in entry ? entry.status : (entry.event.content ?? entry.event.type);
  });
}

/** Asks until the answer satisfies; the test's own time limit ends it. */
export async function until<T>(ask: () => Promise<T>, satisfied: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (satisfied(answer)) return answer;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export function event(content: string): object {
  return { type: 'log', content, timestamp: 1 };
}
