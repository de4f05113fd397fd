import { env } from 'cloudflare:workers';
import type { AgentEvent } from '../../../shared/event.ts';
import { type LogEntry, logEntrySchema } from '../../../shared/log-entry.ts';
import type { AppendRequest, EventBatch, LogApi, StatusRecord } from '../../../worker/rpc.ts';

/** Every test has an object of its own, named after it. */
export function logStub(name: string) {
  return env.LOG.get(env.LOG.idFromName(`pool/2026-01-01/${name}`));
}
export type LogStub = ReturnType<typeof logStub>;

/** The stub as its interface: the runtime's types give up on calls whose answer holds `unknown`. */
export function apiOf(stub: LogStub): LogApi {
  return stub;
}

export const T0 = 1_767_225_600_000;

export function event(n: number, content = `line ${n}`): AgentEvent {
  return { type: 'log', content, timestamp: T0 + n };
}

/** Events `first` … `last` of an attempt, numbered by the host. */
export function batch(first: number, last: number, more: Partial<EventBatch> = {}): EventBatch {
  const events = Array.from({ length: last - first + 1 }, (_, index) => event(first + index));
  return { attempt: 1, hostId: 'host-a', source: 0, first, events, ...more };
}

export function record(rev: number, status: StatusRecord['status'], more: Partial<StatusRecord> = {}): StatusRecord {
  return { rev, at: T0 + rev, attempt: status === 'queued' ? 0 : 1, status, ...more };
}

/** The records of a task that runs in its first attempt. */
export const BEGUN: StatusRecord[] = [
  record(1, 'queued'),
  record(2, 'assigned', { hostId: 'host-a' }),
  record(3, 'running', { hostId: 'host-a' }),
];

export function request(taskId: string, more: Partial<AppendRequest>): AppendRequest {
  return { taskId, status: [], batch: null, end: [], ...more };
}

/** An entry in short: its status, its event's content, or its gap. */
export function short(entry: LogEntry): string {
  if ('gap' in entry) return `gap ${entry.gap.from}-${entry.gap.to}`;
  return 'status' in entry ? entry.status : (entry.event.content ?? '');
}

/** The whole log, read in pages of `limit`. */
export async function readAll(
  log: LogStub,
  taskId: string,
  limit = 1000,
): Promise<{ entries: LogEntry[]; done: boolean }> {
  const entries: LogEntry[] = [];
  for (let after = 0; ; ) {
    const page = await apiOf(log).read(taskId, after, limit);
    if (page === null) throw new Error('past retention');
    entries.push(...page.events);
    if (page.done || page.events.length === 0) return { entries, done: page.done };
    after = page.nextAfter;
  }
}

/** A live watcher over a real socket. */
export class Watcher {
  readonly entries: LogEntry[] = [];
  closed: { code: number } | null = null;
  readonly #socket: WebSocket;
  #changed: () => void = () => {};

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => {
      this.entries.push(logEntrySchema.parse(JSON.parse(String(data))));
      this.#changed();
    });
    socket.addEventListener('close', ({ code }) => {
      this.closed = { code };
      this.#changed();
    });
    socket.accept();
  }

  get shorts(): string[] {
    return this.entries.map(short);
  }

  send(text: string): void {
    this.#socket.send(text);
  }

  close(): void {
    this.#socket.close(1000, 'enough');
  }

  /** Resolves once `condition` holds; the test's own time limit bounds it. */
  async until(condition: (watcher: Watcher) => boolean): Promise<void> {
    while (!condition(this)) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }
}

export async function watchTask(log: LogStub, taskId: string, after = 0): Promise<Watcher> {
  const response = await log.fetch(`https://log/watch?task=${taskId}&after=${after}`, {
    headers: { Upgrade: 'websocket' },
  });
  if (response.webSocket === null) throw new Error(`no socket but ${response.status}`);
  return new Watcher(response.webSocket);
}

export function sequence(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

/** `seq` of each entry; a gap has none. */
export function seqs(entries: readonly LogEntry[]): number[] {
  return entries.flatMap((entry) => ('seq' in entry ? [entry.seq] : []));
}
