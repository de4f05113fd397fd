import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { type Migration, MigrationError, migrate } from '../../worker/store/migrate.ts';

const LIST: readonly Migration[] = [
  { name: 'first', statements: ['CREATE TABLE a (id INTEGER PRIMARY KEY, x TEXT)', 'CREATE INDEX a_x ON a (x)'] },
  { name: 'second', statements: ['ALTER TABLE a ADD COLUMN y INTEGER NOT NULL DEFAULT 7'] },
  { name: 'third', statements: ['CREATE TABLE b (id INTEGER PRIMARY KEY)', 'INSERT INTO b SELECT id FROM a'] },
];

/** Runs `body` on an empty database. */
function onEmptyDatabase<T>(name: string, body: (storage: DurableObjectStorage) => T): Promise<T> {
  const stub = env.LOG.get(env.LOG.idFromName(`migrate/${name}`));
  return runInDurableObject(stub, async (_instance, state) => {
    await state.storage.deleteAll();
    return body(state.storage);
  });
}

function tables(storage: DurableObjectStorage): unknown[] {
  return storage.sql
    .exec("SELECT name, sql FROM sqlite_master WHERE name IN ('a', 'a_x', 'b', 'c') ORDER BY name")
    .toArray();
}

function history(storage: DurableObjectStorage): unknown[] {
  return storage.sql.exec('SELECT name FROM migrations ORDER BY position').toArray();
}

describe('migrate', () => {
  it('reaches the same schema from every older one, data kept', async () => {
    const fresh = await onEmptyDatabase('fresh', (storage) => {
      migrate(storage, LIST);
      return tables(storage);
    });
    expect(fresh).toHaveLength(3);
    for (let old = 1; old <= LIST.length; old += 1) {
      const seen = await onEmptyDatabase(`from-${old}`, (storage) => {
        migrate(storage, LIST.slice(0, old));
        storage.sql.exec("INSERT INTO a (id, x) VALUES (1, 'kept')");
        migrate(storage, LIST);
        return { tables: tables(storage), row: storage.sql.exec('SELECT x, y FROM a').one(), names: history(storage) };
      });
      expect(seen.tables).toEqual(fresh);
      expect(seen.row).toEqual({ x: 'kept', y: 7 });
      expect(seen.names).toEqual(LIST.map(({ name }) => ({ name })));
    }
  });

  it('changes nothing when it runs again', async () => {
    const written = await onEmptyDatabase('again', (storage) => {
      migrate(storage, LIST);
      storage.sql.exec('INSERT INTO b VALUES (1)');
      migrate(storage, LIST);
      return storage.sql.exec('SELECT count(*) AS n FROM b').one();
    });
    expect(written).toEqual({ n: 1 });
  });

  it('takes another layout of the same statements for no change', async () => {
    const reformatted = LIST.map(({ name, statements }) => ({
      name,
      statements: statements.map((statement) => `\n  ${statement.replaceAll(' ', '\n    ')}\n`),
    }));
    const names = await onEmptyDatabase('layout', (storage) => {
      migrate(storage, LIST);
      migrate(storage, reformatted);
      return history(storage);
    });
    expect(names).toHaveLength(LIST.length);
  });

  const changed: Migration[] = [{ name: 'first', statements: ['CREATE TABLE a (id INTEGER PRIMARY KEY)'] }];
  const renamed: Migration[] = LIST.map((migration) => ({ ...migration, name: `other ${migration.name}` }));
  const added: Migration = { name: 'new', statements: ['CREATE TABLE c (id INTEGER PRIMARY KEY)'] };
  it.each([
    { title: 'a changed statement', list: [...changed, added], message: /has changed/ },
    { title: 'another name', list: [...renamed, added], message: /the database has "first"/ },
    { title: 'a step put before it', list: [added, ...LIST], message: /the database has "first"/ },
    { title: 'a step taken away', list: [], message: /which this version lacks/ },
  ])('refuses a history with $title and touches nothing', async ({ title, list, message }) => {
    await onEmptyDatabase(title, (storage) => {
      migrate(storage, LIST.slice(0, 1));
      const before = { tables: tables(storage), names: history(storage) };
      expect(() => migrate(storage, list)).toThrow(MigrationError);
      expect(() => migrate(storage, list)).toThrow(message);
      expect({ tables: tables(storage), names: history(storage) }).toEqual(before);
    });
  });

  it('applies all or nothing', async () => {
    await onEmptyDatabase('atomic', (storage) => {
      migrate(storage, LIST.slice(0, 1));
      const bad = [...LIST, { name: 'bad', statements: ['CREATE TABLE c (id INTEGER PRIMARY KEY)', 'NOT SQL'] }];
      const before = tables(storage);
      expect(() => migrate(storage, bad)).toThrow();
      expect(tables(storage)).toEqual(before);
      expect(history(storage)).toEqual([{ name: 'first' }]);
    });
  });
});
