import { EventSourceParserStream } from 'eventsource-parser/stream';
import { z } from 'zod';
import { type HostStatus, hostStatusSchema } from '../shared/host.ts';
import { type LogEntry, logEntrySchema } from '../shared/log-entry.ts';
import { type Task, taskSchema } from '../shared/task.ts';
import { ServerError } from './server-error.ts';

/** The part of the HTTP API that the local commands need. What fails is a `ServerError`. */
export class ApiClient {
  readonly #url: string;
  readonly #headers: Record<string, string>;

  constructor(url: string, token: string) {
    this.#url = url;
    this.#headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  }

  async hosts(): Promise<HostStatus[]> {
    return z.array(hostStatusSchema).parse(await (await this.#fetch('/api/hosts')).json());
  }

  async createTask(prompt: string): Promise<Task> {
    const response = await this.#fetch('/api/tasks', { method: 'POST', body: JSON.stringify({ prompt }) });
    return taskSchema.parse(await response.json());
  }

  async task(id: string): Promise<Task> {
    return taskSchema.parse(await (await this.#fetch(`/api/tasks/${id}`)).json());
  }

  async abort(id: string): Promise<void> {
    await this.#fetch(`/api/tasks/${id}/abort`, { method: 'POST' });
  }

  /** The task's log from its first entry, live, until it has ended. */
  async *watch(id: string): AsyncGenerator<LogEntry> {
    const response = await this.#fetch(`/api/tasks/${id}/events`, { headers: { accept: 'text/event-stream' } });
    if (response.body === null) throw new ServerError('the event stream has no body', 1);
    const events = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
    for await (const event of events) yield logEntrySchema.parse(JSON.parse(event.data));
  }

  async #fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { ...this.#headers, ...init.headers };
    const response = await fetch(`${this.#url}${path}`, { ...init, headers }).catch(() => {
      throw new ServerError(`${path}: the server does not answer`, 1);
    });
    if (!response.ok) throw new ServerError(`${path}: ${response.status} ${await response.text()}`, 1);
    return response;
  }
}
