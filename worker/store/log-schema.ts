import type { Migration } from './migrate.ts';

/**
 * `entries.id` is the task's number and the row's first `seq` in one integer (see `log-keys.ts`): an append costs one
 * row written and no index, and a task's rows lie side by side. `bodies.id` is made in the same way.
 */
export const LOG_MIGRATIONS: readonly Migration[] = [
  {
    name: 'tasks-entries-bodies',
    statements: [
      `CREATE TABLE tasks (
        id INTEGER PRIMARY KEY,
        task_id TEXT NOT NULL UNIQUE,
        last_seq INTEGER NOT NULL,
        rev INTEGER NOT NULL,
        attempt INTEGER NOT NULL,
        running INTEGER NOT NULL,
        acked TEXT NOT NULL,
        bytes INTEGER NOT NULL,
        is_full INTEGER NOT NULL,
        terminal_at INTEGER
      )`,
      `CREATE TABLE entries (
        id INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,
        count INTEGER NOT NULL,
        at INTEGER NOT NULL,
        attempt INTEGER NOT NULL,
        host_id TEXT,
        source INTEGER,
        first_n INTEGER,
        body TEXT NOT NULL
      )`,
      'CREATE TABLE bodies (id INTEGER PRIMARY KEY, piece TEXT NOT NULL)',
    ],
  },
];
