import { z } from 'zod';
import { type AuditEntry, type AuditQuery, type AuditRecord, auditRecordSchema } from '../../shared/api/access.ts';
import type { EnrolmentOrder } from '../rpc-access.ts';

const countRow = z.object({ count: z.int() });
const enrolmentRow = z.object({
  host_id: z.string().nullable(),
  token_seconds: z.int(),
  expires_at: z.int(),
  used_by: z.string().nullable(),
});
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

  revoke(tokenId: string, now: number): void {
    this.#sql.exec('INSERT INTO revoked VALUES (?, ?) ON CONFLICT DO NOTHING', tokenId, now);
  }

  revokedCount(): number {
    return countRow.parse(this.#sql.exec('SELECT count(*) AS count FROM revoked').one()).count;
  }

  openEnrolment({ hash, hostId, tokenSeconds, expiresAt }: EnrolmentOrder): void {
    this.#sql.exec(
      'INSERT INTO enrolments VALUES (?, ?, ?, ?, NULL) ON CONFLICT DO NOTHING',
      hash,
      hostId,
      tokenSeconds,
      expiresAt,
    );
  }

  enrolment(hash: string): StoredEnrolment | null {
    const query = 'SELECT host_id, token_seconds, expires_at, used_by FROM enrolments WHERE hash = ?';
    const [row] = this.#sql.exec(query, hash).toArray();
    if (row === undefined) return null;
    const { host_id, token_seconds, expires_at, used_by } = enrolmentRow.parse(row);
    return { hostId: host_id, tokenSeconds: token_seconds, expiresAt: expires_at, usedBy: used_by };
  }

  useEnrolment(hash: string, requestId: string): void {
    this.#sql.exec('UPDATE enrolments SET used_by = ? WHERE hash = ?', requestId, hash);
  }

  openEnrolments(): number {
    const row = this.#sql.exec('SELECT count(*) AS count FROM enrolments WHERE used_by IS NULL').one();
    return countRow.parse(row).count;
  }

  dropEnrolments(expiredBefore: number): void {
    this.#sql.exec('DELETE FROM enrolments WHERE expires_at < ?', expiredBefore);
  }

  record(record: AuditRecord): void {
    this.#sql.exec('INSERT INTO audit (at, record) VALUES (?, ?)', record.at, JSON.stringify(record));
  }

  /** Newest first, at most `limit`, each below `cursor` and with all that is asked for. */
  entries({ cursor, limit, action, sub, target }: AuditQuery): AuditEntry[] {
    const rows = this.#sql.exec(
      `SELECT seq, record FROM audit WHERE seq < ?1
        AND (?2 IS NULL OR record ->> 'action' = ?2)
        AND (?3 IS NULL OR record ->> 'sub' = ?3)
        AND (?4 IS NULL OR record ->> 'target' = ?4)
        ORDER BY seq DESC LIMIT ?5`,
      cursor ?? Number.MAX_SAFE_INTEGER,
      action ?? null,
      sub ?? null,
      target ?? null,
      limit,
    );
    return rows.toArray().map((row) => {
      const { seq, record } = auditRow.parse(row);
      return { seq, ...auditRecordSchema.parse(JSON.parse(record)) };
    });
  }

  /** Those before `at`, and the oldest beyond `most`. */
  dropEntries(at: number, most: number): void {
    this.#sql.exec('DELETE FROM audit WHERE at < ? OR seq <= (SELECT max(seq) FROM audit) - ?', at, most);
  }

  hasEntries(): boolean {
    return this.#sql.exec('SELECT 1 FROM audit LIMIT 1').toArray().length > 0;
  }
}
