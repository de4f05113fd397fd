import { z } from 'zod';
import { type AuditEntry, type AuditQuery, type AuditRecord, auditRecordSchema } from '../../shared/api/access.ts';
import { MAX_AUDIT_ENTRIES, MAX_AUDIT_SCAN } from '../../shared/limits.ts';
import type { EnrolmentOrder } from '../rpc-access.ts';

const countRow = z.object({ count: z.int() });
const enrolmentRow = z.object({
  host_id: z.string().nullable(),
  token_seconds: z.int(),
  expires_at: z.int(),
  made_by: z.string(),
  used_by: z.string().nullable(),
});
const boundsRow = z.object({ low: z.int().nullable(), high: z.int().nullable() });
const auditRow = z.object({ seq: z.int(), record: z.string() });

/** A code as it stands here. */
export interface StoredEnrolment extends Omit<EnrolmentOrder, 'hash'> {
  /** The request that used it up, or null. */
  usedBy: string | null;
}

/** Rows ↔ types of AccessDO; synchronous. */
export class AccessStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  isRevoked(tokenId: string): boolean {
    return this.#sql.exec('SELECT 1 FROM revoked WHERE token_id = ?', tokenId).toArray().length > 0;
  }

  revoke(tokenId: string, by: string, now: number): void {
    this.#sql.exec('INSERT INTO revoked VALUES (?, ?, ?) ON CONFLICT DO NOTHING', tokenId, by, now);
  }

  revokedBy(by: string): number {
    return countRow.parse(this.#sql.exec('SELECT count(*) AS count FROM revoked WHERE revoked_by = ?', by).one()).count;
  }

  openEnrolment({ hash, hostId, tokenSeconds, expiresAt, madeBy }: EnrolmentOrder): void {
    this.#sql.exec(
      'INSERT INTO enrolments VALUES (?, ?, ?, ?, ?, NULL) ON CONFLICT DO NOTHING',
      hash,
      hostId,
      tokenSeconds,
      expiresAt,
      madeBy,
    );
  }

  enrolment(hash: string): StoredEnrolment | null {
    const query = 'SELECT host_id, token_seconds, expires_at, made_by, used_by FROM enrolments WHERE hash = ?';
    const [row] = this.#sql.exec(query, hash).toArray();
    if (row === undefined) return null;
    const { host_id, token_seconds, expires_at, made_by, used_by } = enrolmentRow.parse(row);
    return {
      hostId: host_id,
      tokenSeconds: token_seconds,
      expiresAt: expires_at,
      madeBy: made_by,
      usedBy: used_by,
    };
  }

  useEnrolment(hash: string, requestId: string): void {
    this.#sql.exec('UPDATE enrolments SET used_by = ? WHERE hash = ?', requestId, hash);
  }

  noteHost(hostId: string, until: number): void {
    this.#sql.exec(
      'INSERT INTO hosts VALUES (?, ?) ON CONFLICT (host_id) DO UPDATE SET until = max(until, excluded.until)',
      hostId,
      until,
    );
  }

  /** Whether somebody has a token for it, or an open code that names it. */
  isTaken(hostId: string, now: number): boolean {
    const query = `SELECT 1 FROM hosts WHERE host_id = ?1 AND until > ?2
      UNION ALL SELECT 1 FROM enrolments WHERE host_id = ?1 AND used_by IS NULL AND expires_at > ?2`;
    return this.#sql.exec(query, hostId, now).toArray().length > 0;
  }

  forgetHost(hostId: string): void {
    this.#sql.exec('DELETE FROM hosts WHERE host_id = ?', hostId);
    this.#sql.exec('DELETE FROM enrolments WHERE host_id = ?', hostId);
  }

  openEnrolments(): number {
    const row = this.#sql.exec('SELECT count(*) AS count FROM enrolments WHERE used_by IS NULL').one();
    return countRow.parse(row).count;
  }

  /** Codes and hosts whose time is over. */
  dropExpired(now: number): void {
    this.#sql.exec('DELETE FROM enrolments WHERE expires_at < ?', now);
    this.#sql.exec('DELETE FROM hosts WHERE until < ?', now);
  }

  /** The oldest beyond `MAX_AUDIT_ENTRIES` goes. */
  record(record: AuditRecord): void {
    this.#sql.exec('INSERT INTO audit (at, record) VALUES (?, ?)', record.at, JSON.stringify(record));
    this.#sql.exec('DELETE FROM audit WHERE seq <= (SELECT max(seq) FROM audit) - ?', MAX_AUDIT_ENTRIES);
  }

  /** Newest first, at most `limit` below `cursor` with all that is asked for. Looks at `MAX_AUDIT_SCAN` entries: others wait for it. */
  entries({ cursor, limit, action, sub, target }: AuditQuery): { entries: AuditEntry[]; nextCursor: number | null } {
    const { low, high } = boundsRow.parse(this.#sql.exec('SELECT min(seq) AS low, max(seq) AS high FROM audit').one());
    if (low === null || high === null) return { entries: [], nextCursor: null };
    const below = Math.min(cursor ?? high + 1, high + 1);
    const from = Math.max(low, below - MAX_AUDIT_SCAN);
    const rows = this.#sql.exec(
      `SELECT seq, record FROM audit WHERE seq >= ?1 AND seq < ?2
        AND (?3 IS NULL OR record ->> 'action' = ?3)
        AND (?4 IS NULL OR record ->> 'sub' = ?4)
        AND (?5 IS NULL OR record ->> 'target' = ?5)
        ORDER BY seq DESC LIMIT ?6`,
      from,
      below,
      action ?? null,
      sub ?? null,
      target ?? null,
      limit,
    );
    const entries = rows.toArray().map((row) => {
      const { seq, record } = auditRow.parse(row);
      return { seq, ...auditRecordSchema.parse(JSON.parse(record)) };
    });
    const lookedDownTo = entries.length === limit ? (entries.at(-1)?.seq ?? from) : from;
    return { entries, nextCursor: lookedDownTo > low ? lookedDownTo : null };
  }

  dropEntriesBefore(at: number): void {
    this.#sql.exec('DELETE FROM audit WHERE at < ?', at);
  }

  hasEntries(): boolean {
    return this.#sql.exec('SELECT 1 FROM audit LIMIT 1').toArray().length > 0;
  }
}
