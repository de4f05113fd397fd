import type { Migration } from './migrate.ts';

/** AccessDO's tables; append-only. */
export const ACCESS_MIGRATIONS: readonly Migration[] = [
  {
    name: 'revoked tokens, enrolment codes, hosts with a token, audit',
    statements: [
      // revoked_by: the token id, or else the sub, of who revoked it; each has a share of its own.
      'CREATE TABLE revoked (token_id TEXT PRIMARY KEY, revoked_by TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID',
      'CREATE INDEX revoked_revoked_by ON revoked (revoked_by)',
      // made_by: the token id of who made it, empty without one. used_by: the request that used it up; a repeat of that one is answered alike.
      `CREATE TABLE enrolments (
        hash TEXT PRIMARY KEY,
        host_id TEXT,
        token_seconds INTEGER NOT NULL,
        expires_at INTEGER NOT NULL,
        made_by TEXT NOT NULL,
        used_by TEXT
      ) WITHOUT ROWID`,
      // Hosts for which the server has made a token that is good until then: nobody else may take the name.
      'CREATE TABLE hosts (host_id TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID',
      // AUTOINCREMENT: a number is never given twice, also after the newest entries have gone.
      'CREATE TABLE audit (seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, record TEXT NOT NULL)',
    ],
  },
];
