import type { Migration } from './migrate.ts';

/** AccessDO's tables; append-only. */
export const ACCESS_MIGRATIONS: readonly Migration[] = [
  {
    name: 'revoked tokens, enrolment codes, audit',
    statements: [
      'CREATE TABLE revoked (token_id TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID',
      // used_by: the request that used it up; a repeat of that one is answered alike.
      `CREATE TABLE enrolments (
        hash TEXT PRIMARY KEY,
        host_id TEXT,
        token_seconds INTEGER NOT NULL,
        expires_at INTEGER NOT NULL,
        used_by TEXT
      ) WITHOUT ROWID`,
      // AUTOINCREMENT: a number is never given twice, also after the newest entries have gone.
      'CREATE TABLE audit (seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, record TEXT NOT NULL)',
    ],
  },
];
