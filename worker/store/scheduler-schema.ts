import type { Migration } from './migrate.ts';

/**
 * SchedulerDO's tables. `state` columns hold the small part of a task or host as JSON, judged by a schema when read back;
 * what SQL has to find or order by stands in columns beside it.
 */
export const SCHEDULER_MIGRATIONS: readonly Migration[] = [
  {
    name: 'tasks, hosts, outbox',
    statements: [
      `CREATE TABLE task (
        ord INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        status TEXT NOT NULL,
        host_id TEXT,
        finished_at INTEGER,
        state TEXT NOT NULL
      )`,
      'CREATE INDEX task_active ON task (ord) WHERE finished_at IS NULL',
      'CREATE INDEX task_finished ON task (finished_at) WHERE finished_at IS NOT NULL',
      'CREATE TABLE body (task_id TEXT PRIMARY KEY, request TEXT, outcome TEXT) WITHOUT ROWID',
      'CREATE TABLE host (host_id TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID',
      'CREATE TABLE outbox (id INTEGER PRIMARY KEY, owed TEXT NOT NULL)',
      `CREATE TABLE idempotency (
        key TEXT PRIMARY KEY,
        task_id TEXT NOT NULL,
        request_hash TEXT NOT NULL,
        expires_at INTEGER NOT NULL
      ) WITHOUT ROWID`,
      'CREATE INDEX idempotency_expiry ON idempotency (expires_at)',
      'CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID',
    ],
  },
  {
    name: 'approvals',
    statements: [
      `CREATE TABLE approval (
        ord INTEGER PRIMARY KEY,
        task_id TEXT NOT NULL,
        id TEXT NOT NULL,
        state TEXT NOT NULL,
        UNIQUE (task_id, id)
      )`,
    ],
  },
  {
    name: 'tasks of narrowed tokens',
    // Others are not in it, and cost nothing: lists of narrowed tokens alone ask by who created a task.
    statements: [`CREATE INDEX task_scoped ON task (state ->> 'createdBy', ord) WHERE state ->> 'scope' IS NOT NULL`],
  },
  {
    name: 'how many tasks ended how',
    // code: empty for those that did not fail. A count outlives the tasks.
    statements: [
      `CREATE TABLE ended (
        status TEXT NOT NULL,
        code TEXT NOT NULL,
        count INTEGER NOT NULL,
        PRIMARY KEY (status, code)
      ) WITHOUT ROWID`,
    ],
  },
];
