import type { AgentEvent } from '../../../../shared/event.ts';
import type { LogLimits } from '../../../../worker/domain/log-batch.ts';
import { LOG_LIMITS } from '../../../../worker/domain/log-batch.ts';
import { EMPTY_HEAD, type LogHead } from '../../../../worker/domain/log-head.ts';
import { pageOf } from '../../../../worker/domain/log-page.ts';
import { type LogRow, parseFrame } from '../../../../worker/domain/log-row.ts';
import { appendToLog } from '../../../../worker/domain/log-window.ts';
import type { AppendReply, AppendRequest, EventBatch, StatusRecord } from '../../../../worker/rpc.ts';

export const T0 = 1_767_225_600_000;

export function record(rev: number, status: StatusRecord['status'], attempt = 1): StatusRecord {
  return { rev, at: T0 + rev, attempt, status };
}

export const BEGUN = [record(1, 'queued', 0), record(2, 'assigned'), record(3, 'running')];

export function events(first: number, last: number, content = 'line'): AgentEvent[] {
  return Array.from({ length: last - first + 1 }, (_, i) => ({
    type: 'log',
    content: `${content} ${first + i}`,
    timestamp: T0,
  }));
}

export function batch(first: number, last: number, more: Partial<EventBatch> = {}): EventBatch {
  return { attempt: 1, hostId: 'h', source: 0, first, events: events(first, last), ...more };
}

/** A log in memory. */
export class MemoryLog {
  head: LogHead = EMPTY_HEAD;
  readonly rows: LogRow[] = [];
  readonly #limits: LogLimits;

  constructor(limits: Partial<LogLimits> = {}) {
    this.#limits = { ...LOG_LIMITS, ...limits };
  }

  append(request: Partial<Omit<AppendRequest, 'taskId'>>): AppendReply {
    const all = { status: [], batch: null, end: [], ...request };
    const { head, rows, reply } = appendToLog(this.head, all, T0, this.#limits);
    this.head = head;
    this.rows.push(...rows);
    return reply;
  }

  get entries() {
    const everything = { entries: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY };
    return pageOf(this.rows, 0, this.head.lastSeq, everything).frames.map(parseFrame);
  }

  /** Statuses, contents, data and gaps. */
  get shorts(): unknown[] {
    return this.entries.map((entry) => {
      if ('status' in entry) return entry.status;
      if ('event' in entry) return entry.event.data ?? entry.event.content;
      return entry;
    });
  }
}
