import { z } from 'zod';
import { openSse, type SseStream } from './sse.ts';
import { DEADLINE_MS, until } from './wait.ts';
import {
  type Entry,
  type Host,
  hostSchema,
  pageSchema,
  type Task,
  TERMINAL,
  taskListSchema,
  taskSchema,
} from './wire.ts';

export interface Reply {
  status: number;
  body: unknown;
  headers: Headers;
}

export interface RequestOptions {
  body?: unknown;
  /** Sent as it is instead of `body`. */
  raw?: string;
  headers?: Record<string, string>;
  /** Instead of the client's own; `null` sends none. */
  token?: string | null;
}

function parsed(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return text;
  }
}

/** An HTTP client of the public API. */
export class Api {
  readonly url: string;
  readonly token: string;

  constructor(url: string, token: string) {
    this.url = url;
    this.token = token;
  }

  async request(method: string, path: string, options: RequestOptions = {}): Promise<Reply> {
    const token = options.token === undefined ? this.token : options.token;
    const body = options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        // A kept-alive connection may be closed by the server just as it is used again.
        connection: 'close',
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...options.headers,
      },
      ...(body === undefined ? {} : { body }),
    });
    return { status: response.status, body: parsed(await response.text()), headers: response.headers };
  }

  /** The parsed body of a call that must have this status. */
  async #expect<T>(schema: z.ZodType<T>, status: number, method: string, path: string, options: RequestOptions = {}) {
    const reply = await this.request(method, path, options);
    if (reply.status !== status) {
      throw new Error(`${method} ${path}: ${reply.status} instead of ${status}: ${JSON.stringify(reply.body)}`);
    }
    return schema.parse(reply.body);
  }

  createTask(body: Record<string, unknown>, headers: Record<string, string> = {}): Promise<Task> {
    return this.#expect(taskSchema, 201, 'POST', '/api/tasks', { body, headers });
  }

  task(id: string): Promise<Task> {
    return this.#expect(taskSchema, 200, 'GET', `/api/tasks/${id}`);
  }

  listTasks(query = '') {
    return this.#expect(taskListSchema, 200, 'GET', `/api/tasks${query}`);
  }

  hosts(): Promise<Host[]> {
    return this.#expect(z.array(hostSchema), 200, 'GET', '/api/hosts');
  }

  /** The host, or undefined while the server does not know it. */
  async host(hostId: string): Promise<Host | undefined> {
    const reply = await this.request('GET', `/api/hosts/${hostId}`);
    return reply.status === 404 ? undefined : hostSchema.parse(reply.body);
  }

  async abort(id: string): Promise<number> {
    return (await this.request('POST', `/api/tasks/${id}/abort`)).status;
  }

  async input(id: string, content: string): Promise<number> {
    return (await this.request('POST', `/api/tasks/${id}/input`, { body: { content } })).status;
  }

  async configure(hostId: string, patch: Record<string, unknown>): Promise<Reply> {
    return this.request('PATCH', `/api/hosts/${hostId}/config`, { body: patch });
  }

  page(id: string, query = '') {
    return this.#expect(pageSchema, 200, 'GET', `/api/tasks/${id}/events${query}`);
  }

  /** The whole log by pages, as far as it goes. */
  async log(id: string): Promise<Entry[]> {
    const entries: Entry[] = [];
    for (let after = 0; ; ) {
      const page = await this.page(id, `?after=${after}`);
      entries.push(...page.events);
      if (page.done || page.events.length === 0) return entries;
      after = page.nextAfter;
    }
  }

  /** The log once its terminal entry is there. */
  finishedLog(id: string): Promise<Entry[]> {
    return until(`terminal entry in the log of ${id}`, async () => {
      const entries = await this.log(id);
      const last = entries.at(-1);
      return last !== undefined && 'status' in last && TERMINAL.includes(String(last.status)) ? entries : undefined;
    });
  }

  watch(id: string, options: { after?: number; lastEventId?: number } = {}): Promise<SseStream> {
    const query = options.after === undefined ? '' : `?after=${options.after}`;
    return openSse(`${this.url}/api/tasks/${id}/events${query}`, {
      authorization: `Bearer ${this.token}`,
      ...(options.lastEventId === undefined ? {} : { 'last-event-id': String(options.lastEventId) }),
    });
  }

  /** Waits until the task is as wanted; a server that is just away is asked again. */
  async untilTask(what: string, id: string, match: (task: Task) => boolean, deadlineMs = DEADLINE_MS): Promise<Task> {
    let last: unknown;
    const probe = async () => {
      try {
        const task = await this.task(id);
        last = task;
        return match(task) ? task : undefined;
      } catch (error) {
        last = error;
        return undefined;
      }
    };
    try {
      return await until(`task ${id} ${what}`, probe, deadlineMs);
    } catch (error) {
      const seen = last instanceof Error ? last.message : JSON.stringify(last);
      throw new Error(`${error instanceof Error ? error.message : error}; last seen: ${seen}`);
    }
  }

  untilStatus(id: string, status: string, deadlineMs = DEADLINE_MS): Promise<Task> {
    const wanted = (task: Task) => {
      if (task.status !== status && TERMINAL.includes(task.status)) {
        return true;
      }
      return task.status === status;
    };
    return this.untilTask(`is ${status}`, id, wanted, deadlineMs).then((task) => {
      if (task.status === status) return task;
      throw new Error(`task ended otherwise than ${status}: ${JSON.stringify(task)}`);
    });
  }

  finished(id: string, deadlineMs = DEADLINE_MS): Promise<Task> {
    return this.untilTask('is finished', id, (task) => TERMINAL.includes(task.status), deadlineMs);
  }

  untilHost(hostId: string, status: Host['status'], deadlineMs = DEADLINE_MS): Promise<Host> {
    const probe = async () => {
      const host = await this.host(hostId).catch(() => undefined);
      return host?.status === status ? host : undefined;
    };
    return until(`host ${hostId} is ${status}`, probe, deadlineMs);
  }
}
