import { CLOSE } from '../../../shared/close-codes.ts';
import type { PageLimits } from '../../domain/log-page.ts';
import { type Frame, framesOf, type LogRow } from '../../domain/log-row.ts';
import type { WatchPage } from './task-logs.ts';
import { setWatcherState, type WatcherState, watcherState } from './watcher-state.ts';

/**
 * One turn's worth of a backlog, small so that other tasks' calls get their turn in between. A socket tells nobody how
 * much it has buffered, so the pause bounds the pace instead: at most some 60 MiB/s over all watchers of an object.
 */
const BACKLOG_PAGE: PageLimits = { entries: 1000, bytes: 128 * 1024 };
const BACKLOG_PAUSE_MS = 2;

/** What watchers need of the object. */
export interface WatcherDeps {
  /** Open sockets, of one task or all. */
  sockets(taskId?: string): WebSocket[];
  frames(taskId: string, after: number, limits: PageLimits): WatchPage;
  pause(ms: number): Promise<void>;
}

/**
 * Live watchers: each gets every entry after its own position once and in order. One that stands at the end of the log is
 * sent what is appended; one that lags is read to from the store, page by page in turn with the others, until it stands
 * at the end. Its position is in its attachment; no timer runs while nobody lags.
 */
export class Watchers {
  readonly #deps: WatcherDeps;
  /** In turn: a `Set` keeps the order of insertion. */
  readonly #lagging = new Set<WebSocket>();
  #pumping = false;

  constructor(deps: WatcherDeps) {
    this.#deps = deps;
  }

  /** A socket that the object has accepted: sends what there is, then what comes. */
  add(socket: WebSocket, state: WatcherState): void {
    setWatcherState(socket, state);
    this.#catchUp(socket);
  }

  /** After the object woke: goes on with backlogs that were cut short. */
  resume(): void {
    for (const socket of this.#deps.sockets()) this.#catchUp(socket);
  }

  /** Entries that have become durable; call it in the order of their commits. */
  deliver(taskId: string, rows: readonly LogRow[]): void {
    const [first] = rows;
    if (first === undefined) return;
    let frames: Frame[] | null = null;
    for (const socket of this.#deps.sockets(taskId)) {
      const { after } = watcherState(socket);
      if (after + 1 !== first.first || !followOneAnother(rows)) {
        this.#catchUp(socket);
        continue;
      }
      frames ??= rows.flatMap((row) => framesOf(row, row.first));
      this.#send(socket, taskId, frames);
      // Closes it when these were the last ones.
      this.#catchUp(socket);
    }
  }

  closeAll(code: number, reason: string): void {
    for (const socket of this.#deps.sockets()) socket.close(code, reason);
  }

  #catchUp(socket: WebSocket): void {
    if (this.#lagging.has(socket) || this.#sendPage(socket)) return;
    this.#lagging.add(socket);
    if (!this.#pumping) void this.#pump();
  }

  async #pump(): Promise<void> {
    this.#pumping = true;
    try {
      while (this.#lagging.size > 0) {
        await this.#deps.pause(BACKLOG_PAUSE_MS);
        const [socket] = this.#lagging;
        if (socket === undefined) return;
        this.#lagging.delete(socket);
        if (!this.#sendPage(socket)) this.#lagging.add(socket);
      }
    } finally {
      this.#pumping = false;
    }
  }

  /** True when nothing is left to do for the socket until the next append. */
  #sendPage(socket: WebSocket): boolean {
    if (socket.readyState !== WebSocket.OPEN) return true;
    try {
      const { taskId, after } = watcherState(socket);
      const page = this.#deps.frames(taskId, after, BACKLOG_PAGE);
      this.#send(socket, taskId, page.frames);
      if (page.ended) socket.close(CLOSE.NORMAL, 'the task has ended');
      return page.caughtUp;
    } catch (error) {
      console.error('a watcher could not be served', error);
      socket.close(1011, 'the log could not be read');
      return true;
    }
  }

  #send(socket: WebSocket, taskId: string, frames: readonly Frame[]): void {
    const last = frames.at(-1);
    if (last === undefined || socket.readyState !== WebSocket.OPEN) return;
    for (const { text } of frames) socket.send(text);
    setWatcherState(socket, { taskId, after: last.seq });
  }
}

/** Without a gap between them, as a full log leaves one. */
function followOneAnother(rows: readonly LogRow[]): boolean {
  return rows.every((row, index) => {
    const next = rows[index + 1];
    return next === undefined || next.first === row.first + row.count;
  });
}
