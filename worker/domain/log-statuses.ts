import { isTerminal } from '../../shared/task.ts';
import type { StatusRecord } from '../rpc.ts';
import { type Draft, push } from './log-draft.ts';
import type { StatusBody } from './log-row.ts';

/** Changes of status on their way into the log. Pure: no clock, no randomness, no storage. */

function pushStatus(draft: Draft, record: StatusRecord): void {
  const { status, reason, error, at, attempt, hostId } = record;
  const body: StatusBody = { status, reason, error };
  const first = draft.head.lastSeq + 1;
  push(draft, { kind: 'status', first, count: 1, at, attempt, hostId: hostId ?? null, body: JSON.stringify(body) });
}

function applyRecord(draft: Draft, record: StatusRecord): void {
  draft.head = { ...draft.head, rev: record.rev };
  if (draft.head.terminalAt !== null) return;
  const ends = isTerminal(record.status);
  pushStatus(draft, record);
  if (ends) {
    draft.head = { ...draft.head, terminalAt: record.at };
    return;
  }
  if (record.status === 'queued' || record.attempt < draft.head.attempt) return;
  const same = record.attempt === draft.head.attempt;
  draft.head = {
    ...draft.head,
    attempt: record.attempt,
    running: record.status === 'running' || (same && draft.head.running),
    acked: same ? draft.head.acked : {},
  };
}

/** Applies records in order of `rev`: known ones are skipped, those behind a hole are left for another call. */
export function applyRecords(draft: Draft, records: readonly StatusRecord[]): void {
  for (const record of records.toSorted((a, b) => a.rev - b.rev)) {
    if (record.rev <= draft.head.rev) continue;
    if (record.rev > draft.head.rev + 1) return;
    applyRecord(draft, record);
  }
}
