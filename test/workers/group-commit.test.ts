import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { GroupCommit } from '../../worker/objects/group-commit.ts';

/** Runs `body` on an empty database with one table, counting the commits waited for. */
function withTable<T>(
  name: string,
  body: (commits: GroupCommit, sql: SqlStorage, syncs: () => number) => Promise<T>,
): Promise<T> {
  const stub = env.LOG.get(env.LOG.idFromName(`group-commit/${name}`));
  return runInDurableObject(stub, async (_instance, { storage }) => {
    storage.sql.exec('CREATE TABLE IF NOT EXISTS numbers (n INTEGER PRIMARY KEY)');
    let syncs = 0;
    const counted = new Proxy(storage, {
      get(target, key) {
        if (key === 'sync') syncs += 1;
        const value: unknown = Reflect.get(target, key);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    return body(new GroupCommit(counted), storage.sql, () => syncs);
  });
}

function stored(sql: SqlStorage): unknown[] {
  return sql
    .exec('SELECT n FROM numbers ORDER BY n')
    .toArray()
    .map(({ n }) => n);
}

describe('GroupCommit', () => {
  it('commits the first at once and all that arrives meanwhile together, in order', async () => {
    await withTable('together', async (commits, sql, syncs) => {
      const order: number[] = [];
      const runs = [1, 2, 3, 4, 5].map(async (n) => {
        const value = await commits.run(() => sql.exec('INSERT INTO numbers VALUES (?) RETURNING n', n).one().n);
        order.push(n);
        return value;
      });
      expect(stored(sql)).toEqual([1]);
      expect(await Promise.all(runs)).toEqual([1, 2, 3, 4, 5]);
      expect(order).toEqual([1, 2, 3, 4, 5]);
      expect(syncs()).toBe(2);
    });
  });

  it('undoes a bad one alone', async () => {
    await withTable('bad', async (commits, sql) => {
      const add = (n: number) => () => {
        sql.exec('INSERT INTO numbers VALUES (?)', n);
      };
      const bad = () => {
        add(9)();
        throw new Error('no');
      };
      const results = await Promise.allSettled([add(1), bad, add(2), bad, add(1), add(3)].map((w) => commits.run(w)));
      expect(results.map(({ status }) => status)).toEqual([
        ...['fulfilled', 'rejected', 'fulfilled', 'rejected', 'rejected', 'fulfilled'],
      ]);
      expect(stored(sql)).toEqual([1, 2, 3]);
    });
  });

  it('takes work that its own answers bring', async () => {
    await withTable('nested', async (commits, sql) => {
      const first = commits.run(() => sql.exec('INSERT INTO numbers VALUES (1)').rowsWritten);
      const second = first.then(() => commits.run(() => sql.exec('INSERT INTO numbers VALUES (2)').rowsWritten));
      await Promise.all([first, second]);
      await commits.run(() => sql.exec('INSERT INTO numbers VALUES (3)').rowsWritten);
      expect(stored(sql)).toEqual([1, 2, 3]);
    });
  });

  it('fails the whole group when the commit fails, and takes more work after it', async () => {
    let broken = true;
    const storage = {
      transactionSync: <T>(work: () => T): T => work(),
      sync: async () => {
        if (broken) throw new Error('disk');
      },
    };
    const commits = new GroupCommit(storage);
    const results = await Promise.allSettled([commits.run(() => 1), commits.run(() => 2)]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    broken = false;
    expect(await commits.run(() => 3)).toBe(3);
  });
});
