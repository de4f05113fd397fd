import type { LogPage } from '../../../shared/api/log.ts';
import { MAX_PAGE_BYTES } from '../../../shared/limits.ts';
import { completeBody, mergeBody } from '../../domain/log-body.ts';
import { EMPTY_HEAD } from '../../domain/log-head.ts';
import { type FramePage, type PageLimits, pageOf } from '../../domain/log-page.ts';
import { type LogRow, parseFrame } from '../../domain/log-row.ts';
import { appendToLog } from '../../domain/log-window.ts';
import type { AppendReply, AppendRequest, TaskBody } from '../../rpc.ts';
import type { LogStore } from '../../store/log-store.ts';
import { LogCache } from './log-cache.ts';

/** What an append did; `rows` are for the watchers once it is durable. */
export interface AppendOutcome {
  reply: AppendReply;
  rows: LogRow[];
  /** Highest status `rev` in the log after it. */
  rev: number;
}

/** Entries as frames, and whether the log ends with them. */
export interface WatchPage extends FramePage {
  /** The page reaches the newest entry. */
  caughtUp: boolean;
  /** That entry is the terminal one. */
  ended: boolean;
}

/** The logs of an object over a store: the domain's rules applied to it. All synchronous; commits are the caller's. */
export class TaskLogs {
  readonly #store: LogStore;
  readonly #cache: LogCache;

  constructor(store: LogStore, cache: LogCache = new LogCache(store)) {
    this.#store = store;
    this.#cache = cache;
  }

  /** Run it inside a commit. */
  append({ taskId, ...request }: AppendRequest, now: number): AppendOutcome {
    const known = this.#cache.get(taskId);
    const { head, rows, reply } = appendToLog(known?.head ?? EMPTY_HEAD, request, now);
    if (head === known?.head || (known === null && head === EMPTY_HEAD)) return { reply, rows, rev: head.rev };
    const log = { task: (known ?? this.#store.create(taskId, head)).task, head };
    this.#store.append(log, rows);
    this.#cache.put(taskId, log);
    return { reply, rows, rev: head.rev };
  }

  /** Run it inside a commit. */
  archive(taskId: string, body: Partial<TaskBody>): void {
    const known = this.#cache.get(taskId) ?? this.#store.create(taskId, EMPTY_HEAD);
    this.#store.putBody(known.task, mergeBody(this.#store.getBody(known.task) ?? {}, body));
    this.#cache.put(taskId, known);
  }

  body(taskId: string): TaskBody | null {
    const log = this.#cache.get(taskId);
    const body = log === null ? null : this.#store.getBody(log.task);
    return body === null ? null : completeBody(body);
  }

  acked(taskId: string, attempt: number, source: number): number {
    const head = this.#cache.get(taskId)?.head;
    return head?.attempt === attempt ? (head.acked[source] ?? 0) : 0;
  }

  frames(taskId: string, after: number, limits: PageLimits): WatchPage {
    const log = this.#cache.get(taskId);
    if (log === null) return { frames: [], nextAfter: after, caughtUp: true, ended: false };
    const { lastSeq, terminalAt } = log.head;
    const page = after >= lastSeq ? { frames: [], nextAfter: after } : this.#page(log.task, after, lastSeq, limits);
    const caughtUp = page.nextAfter >= lastSeq;
    return { ...page, caughtUp, ended: caughtUp && terminalAt !== null };
  }

  read(taskId: string, after: number, limit: number): LogPage {
    const page = this.frames(taskId, after, { entries: limit, bytes: MAX_PAGE_BYTES });
    return { events: page.frames.map(parseFrame), nextAfter: page.nextAfter, done: page.ended };
  }

  #page(task: number, after: number, lastSeq: number, limits: PageLimits): FramePage {
    return pageOf(this.#store.rows(task, after), after, lastSeq, limits);
  }
}
