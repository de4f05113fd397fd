import { z } from 'zod';

/** One step of an object's schema. Once released it never changes: a later step corrects it. */
export interface Migration {
  name: string;
  statements: readonly string[];
}

/** The database was made by other migrations than this code brings: nothing was changed. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
}

const appliedSchema = z.array(z.object({ position: z.int(), name: z.string(), statements: z.string() }));
type Applied = z.infer<typeof appliedSchema>[number];

/** Layout is no change: a formatter may move it. */
function fingerprint(migration: Migration): string {
  return migration.statements.map((statement) => statement.replace(/\s+/g, ' ').trim()).join(';\n');
}

function refuseOtherHistory(applied: readonly Applied[], migrations: readonly Migration[]): void {
  for (const [index, row] of applied.entries()) {
    const expected = migrations[index];
    if (expected === undefined) {
      throw new MigrationError(`the database has migration ${row.position} "${row.name}", which this version lacks`);
    }
    if (row.position !== index || row.name !== expected.name) {
      throw new MigrationError(`migration ${index} is "${expected.name}", but the database has "${row.name}" there`);
    }
    if (row.statements !== fingerprint(expected)) {
      throw new MigrationError(`migration ${index} "${row.name}" has changed since it was applied`);
    }
  }
}

/**
 * Brings an object's database to the end of `migrations`, an append-only list. Synchronous, all or nothing; cheap when
 * there is nothing to do, so call it in the constructor. Throws `MigrationError` when the recorded history is not a
 * beginning of the list. After `deleteAll` it has to run again.
 */
export function migrate(storage: DurableObjectStorage, migrations: readonly Migration[]): void {
  const { sql } = storage;
  storage.transactionSync(() => {
    sql.exec(
      'CREATE TABLE IF NOT EXISTS migrations (position INTEGER PRIMARY KEY, name TEXT NOT NULL, statements TEXT NOT NULL)',
    );
    const rows = sql.exec('SELECT position, name, statements FROM migrations ORDER BY position').toArray();
    const applied = appliedSchema.parse(rows);
    refuseOtherHistory(applied, migrations);
    for (const [index, migration] of migrations.entries()) {
      if (index < applied.length) continue;
      for (const statement of migration.statements) sql.exec(statement);
      sql.exec('INSERT INTO migrations VALUES (?, ?, ?)', index, migration.name, fingerprint(migration));
    }
  });
}
