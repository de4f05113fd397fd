import { DurableObject } from 'cloudflare:workers';
import type { LogPage } from '../../../shared/api/log.ts';
import type { RunRef } from '../../../shared/protocol/run-ref.ts';
import { parseServerSettings } from '../../../shared/settings.ts';
import { HOST_SOURCE } from '../../domain/log-head.ts';
import { retentionMs } from '../../domain/log-retention.ts';
import type { Env } from '../../env.ts';
import type { AppendReply, AppendRequest, LogApi, StatusRecord, TaskBody } from '../../rpc.ts';
import { LOG_MIGRATIONS } from '../../store/log-schema.ts';
import { SqlLogStore } from '../../store/log-store.ts';
import { migrate } from '../../store/migrate.ts';
import { GroupCommit } from '../group-commit.ts';
import { collectBodies } from './bodies.ts';
import { Retention } from './retention.ts';
import { isRetired, retireStorage } from './retired.ts';
import { type AppendOutcome, TaskLogs } from './task-logs.ts';
import { watch } from './watch.ts';
import { Watchers } from './watchers.ts';

/** Close code of watchers that an object's end cuts off. */
const GOING_AWAY = 1001;

/**
 * The logs of the tasks that its name stands for (`pool/<day>/<shard>`): appends them, serves pages, feeds live watchers,
 * and goes as a whole once all of them are past retention. After that, whatever is said about its tasks is old: appends
 * are answered `closed`, and reads say that the log is gone.
 */
export class LogDO extends DurableObject<Env> implements LogApi {
  readonly #commits: GroupCommit;
  readonly #logs: TaskLogs;
  readonly #watchers: Watchers;
  readonly #retention: Retention;
  #retired: boolean;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const { storage } = ctx;
    const store = new SqlLogStore(storage.sql);
    this.#commits = new GroupCommit(storage);
    this.#logs = new TaskLogs(store);
    this.#watchers = new Watchers({
      sockets: (taskId) => this.#open(taskId),
      frames: (taskId, after, limits) => this.#logs.frames(taskId, after, limits),
      pause: (ms) => scheduler.wait(ms),
    });
    this.#retention = new Retention(
      { storage, summary: () => store.summary(), retire: () => this.#retire(), now: () => Date.now() },
      retentionMs(parseServerSettings(env).RETENTION_DAYS),
    );
    this.#retired = isRetired(storage);
    if (this.#retired) return;
    migrate(storage, LOG_MIGRATIONS);
    this.#watchers.resume();
  }

  async append(request: AppendRequest): Promise<AppendReply> {
    if (this.#retired) return { stored: 0, closed: true };
    await this.#retention.arm();
    return (await this.#append(request)).reply;
  }

  async appendStatus(batches: { taskId: string; status: StatusRecord[] }[]): Promise<Record<string, number>> {
    if (this.#retired) return Object.fromEntries(batches.map(({ taskId, status }) => [taskId, highestRev(status)]));
    await this.#retention.arm();
    const outcomes = await Promise.all(
      batches.map(({ taskId, status }) => this.#append({ taskId, status, batch: null, end: [] })),
    );
    return Object.fromEntries(batches.map(({ taskId }, index) => [taskId, outcomes[index]?.rev ?? 0]));
  }

  ackedSeq(run: RunRef): Promise<number> {
    return this.#whileHeld(0, () => this.#logs.acked(run.taskId, run.attempt, HOST_SOURCE));
  }

  read(taskId: string, after: number, limit: number): Promise<LogPage | null> {
    return this.#whileHeld(null, () => this.#logs.read(taskId, after, limit));
  }

  async archive(taskId: string, body: Partial<TaskBody>): Promise<void> {
    if (this.#retired) return;
    await this.#retention.arm();
    await this.#commits.run(() => this.#logs.archive(taskId, body));
  }

  bodies(taskIds: string[]): Promise<Record<string, TaskBody>> {
    return this.#whileHeld({}, () => collectBodies(taskIds, (taskId) => this.#logs.body(taskId)));
  }

  override async fetch(request: Request): Promise<Response> {
    const watchersOf = (taskId: string) => this.#open(taskId).length;
    return watch(request, this.#retired, watchersOf, (socket, state) => {
      this.ctx.acceptWebSocket(socket, [state.taskId]);
      this.#watchers.add(socket, state);
    });
  }

  override async alarm(): Promise<void> {
    if (!this.#retired) await this.#retention.onAlarm();
  }

  /** A watcher has nothing to say. */
  override webSocketMessage(): void {}

  /** A close that is not answered leaves the peer waiting. 1005 and 1006 may not be sent. */
  override webSocketClose(socket: WebSocket, code: number, reason: string): void {
    socket.close(code === 1005 || code === 1006 ? 1000 : code, reason);
  }

  /** Watchers' sockets, of one task or all; a closed one stays listed for a while. */
  #open(taskId?: string): WebSocket[] {
    return this.ctx.getWebSockets(taskId).filter(({ readyState }) => readyState === WebSocket.OPEN);
  }

  async #append(request: AppendRequest): Promise<AppendOutcome> {
    const now = Date.now();
    const outcome = await this.#commits.run(() => this.#logs.append(request, now));
    this.#watchers.deliver(request.taskId, outcome.rows);
    return outcome;
  }

  async #whileHeld<T>(gone: T, work: () => T): Promise<T> {
    return this.#retired ? gone : work();
  }

  async #retire(): Promise<void> {
    this.#retired = true;
    this.#watchers.closeAll(GOING_AWAY, 'the log is past retention');
    await retireStorage(this.ctx.storage);
  }
}

function highestRev(status: readonly StatusRecord[]): number {
  return Math.max(0, ...status.map(({ rev }) => rev));
}
