import { runInDurableObject } from 'cloudflare:test';
import { expect, it } from 'vitest';
import { EMPTY_HEAD } from '../../../worker/domain/log-head.ts';
import { LogCache } from '../../../worker/objects/log/log-cache.ts';
import { type LogStore, SqlLogStore, type StoredLog } from '../../../worker/store/log-store.ts';
import { logStub } from './helpers.ts';

/** A store that tells what it was asked for. */
class CountingStore extends SqlLogStore {
  readonly asked: string[] = [];

  override find(taskId: string): StoredLog | null {
    this.asked.push(taskId);
    return super.find(taskId);
  }
}

it('keeps the logs used last, and reads the others again', async () => {
  await runInDurableObject(logStub('cache'), (_object, state) => {
    const store = new CountingStore(state.storage.sql);
    const numbers = ['a', 'b', 'c'].map((taskId) => store.create(taskId, EMPTY_HEAD).task);
    const cache = new LogCache(store satisfies LogStore, 2);
    const gotten = ['a', 'b', 'a', 'c', 'a', 'b'].map((taskId) => cache.get(taskId)?.task);
    expect(gotten).toEqual([0, 1, 0, 2, 0, 1].map((index) => numbers[index]));
    expect(store.asked).toEqual(['a', 'b', 'c', 'b']);
    expect(cache.get('never')).toBeNull();
  });
});
