import { z } from 'zod';
import type { LogSummary } from '../domain/log-retention.ts';
import type { LogRow } from '../domain/log-row.ts';
import { positionOf } from './log-keys.ts';
import type { StoredLog } from './log-store.ts';

/** Rows of the log's tables as what the domain calls them. */

const ackedSchema = z.record(z.string(), z.int());

export const taskRowSchema = z
  .object({
    id: z.int(),
    last_seq: z.int(),
    rev: z.int(),
    attempt: z.int(),
    running: z.int(),
    acked: z.string(),
    bytes: z.int(),
    is_full: z.int(),
    terminal_at: z.int().nullable(),
  })
  .transform(
    (row): StoredLog => ({
      task: row.id,
      head: {
        lastSeq: row.last_seq,
        rev: row.rev,
        attempt: row.attempt,
        running: row.running === 1,
        acked: ackedSchema.parse(JSON.parse(row.acked)),
        bytes: row.bytes,
        full: row.is_full === 1,
        terminalAt: row.terminal_at,
      },
    }),
  );

export const entryRowSchema = z
  .object({
    id: z.int(),
    kind: z.enum(['events', 'status']),
    count: z.int().min(1),
    at: z.int(),
    attempt: z.int(),
    host_id: z.string().nullable(),
    source: z.int().nullable(),
    first_n: z.int().nullable(),
    body: z.string(),
  })
  .transform(({ id, kind, count, at, attempt, host_id, source, first_n, body }): LogRow => {
    const row = { first: positionOf(id), count, at, attempt, hostId: host_id, body };
    return kind === 'status' ? { ...row, kind } : { ...row, kind, source, firstN: first_n };
  });

export const summaryRowSchema = z
  .object({ tasks: z.int(), open: z.int(), last: z.int().nullable() })
  .transform(({ tasks, open, last }): LogSummary => ({ tasks, open, lastTerminalAt: last }));
