import type { Migration } from './migrate.ts';

/** HostDO's tables; append-only. */
export const HOST_MIGRATIONS: readonly Migration[] = [
  {
    name: 'connection, runs, kept results',
    statements: [
      // One row: the newest registered connection. announced: the last epoch that SchedulerDO has accepted. state: open; lost and SchedulerDO not told yet; closed.
      `CREATE TABLE connection (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        pool TEXT NOT NULL,
        host_id TEXT NOT NULL,
        epoch INTEGER NOT NULL,
        announced INTEGER NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('open', 'lost', 'closed')),
        replaced_at TEXT NOT NULL
      )`,
      `CREATE TABLE revocation (id INTEGER PRIMARY KEY CHECK (id = 1), at INTEGER NOT NULL)`,
      // Attempts that are this host's. epoch: the connection they were sent on or reconciled with.
      // events: how many version-1 events of that epoch are stored.
      `CREATE TABLE runs (
        task_id TEXT PRIMARY KEY,
        attempt INTEGER NOT NULL,
        log TEXT NOT NULL,
        epoch INTEGER NOT NULL,
        started INTEGER NOT NULL DEFAULT 0,
        events INTEGER NOT NULL DEFAULT 0,
        aborted_epoch INTEGER NOT NULL DEFAULT 0
      ) WITHOUT ROWID`,
      `CREATE TABLE inputs (
        task_id TEXT NOT NULL,
        input_id TEXT NOT NULL,
        epoch INTEGER NOT NULL,
        PRIMARY KEY (task_id, input_id)
      ) WITHOUT ROWID`,
      // Tasks that the current version-1 connection was told to stop because they are not its own.
      `CREATE TABLE strays (task_id TEXT PRIMARY KEY) WITHOUT ROWID`,
      // Version-1 results on their way: their sender does not send them again.
      `CREATE TABLE ends (
        task_id TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        log TEXT NOT NULL,
        body TEXT NOT NULL,
        tries INTEGER NOT NULL,
        due INTEGER NOT NULL,
        PRIMARY KEY (task_id, attempt)
      ) WITHOUT ROWID`,
      'CREATE INDEX ends_due ON ends (due)',
    ],
  },
];
