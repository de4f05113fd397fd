import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import type { StatusRecord } from '../../../worker/rpc.ts';
import { apiOf, BEGUN, batch, type LogStub, logStub, record, request, watchTask } from './helpers.ts';

const DAY_MS = 86_400_000;

/** The status records of a task that ended `days` ago. */
function ended(days: number): StatusRecord[] {
  const at = Date.now() - days * DAY_MS;
  return [...BEGUN, record(4, 'completed')].map((entry) => ({ ...entry, at }));
}

function alarmOf(log: LogStub): Promise<number | null> {
  return runInDurableObject(log, (_object, state) => state.storage.getAlarm());
}

describe('LogDO retention', () => {
  it('[L11] deletes everything once all tasks ended RETENTION_DAYS ago, and says so from then on', async () => {
    const log = logStub('retire');
    const api = apiOf(log);
    await api.appendStatus(['a', 'b'].map((taskId) => ({ taskId, status: ended(8) })));
    await api.archive('a', { prompt: 'p' });
    expect(await runDurableObjectAlarm(log)).toBe(true);
    for (const evict of [false, true]) {
      if (evict) await evictDurableObject(log);
      expect(await api.read('a', 0, 10)).toBeNull();
      expect(await api.read('never-seen', 0, 10)).toBeNull();
      expect(await api.bodies(['a'])).toEqual({});
      expect(await api.append(request('a', { batch: batch(1, 1) }))).toEqual({ stored: 0, closed: true });
      expect(await api.appendStatus([{ taskId: 'a', status: ended(8) }])).toEqual({ a: 4 });
      const watch = await log.fetch('https://log/watch?task=a', { headers: { Upgrade: 'websocket' } });
      expect(watch.status).toBe(410);
      expect(await alarmOf(log)).toBeNull();
    }
  });

  it('keeps all while one task is unfinished, and looks again in a day', async () => {
    const log = logStub('unfinished');
    await log.appendStatus([
      { taskId: 'old', status: ended(30) },
      { taskId: 'open', status: BEGUN },
    ]);
    await runDurableObjectAlarm(log);
    expect((await apiOf(log).read('old', 0, 10))?.done).toBe(true);
    expect(await alarmOf(log)).toBeGreaterThan(Date.now() + DAY_MS / 2);
    await log.append(request('open', { end: ended(8) }));
    await runDurableObjectAlarm(log);
    expect(await apiOf(log).read('open', 0, 10)).toBeNull();
  });

  it('waits for the task that ended last', async () => {
    const log = logStub('last');
    const status = ended(3);
    await log.appendStatus([
      { taskId: 'old', status: ended(30) },
      { taskId: 'young', status },
    ]);
    await runDurableObjectAlarm(log);
    expect((await apiOf(log).read('old', 0, 10))?.done).toBe(true);
    expect(await alarmOf(log)).toBe((status[3]?.at ?? 0) + 7 * DAY_MS);
  });

  it('sets its alarm once, also after eviction', async () => {
    const log = logStub('once');
    await log.append(request('a', { status: BEGUN }));
    const first = await alarmOf(log);
    expect(first).toBeGreaterThan(Date.now() + 6 * DAY_MS);
    await evictDurableObject(log);
    await log.append(request('b', { status: BEGUN }));
    expect(await alarmOf(log)).toBe(first);
  });

  it('[L11] closes the watchers of a log that goes', async () => {
    const log = logStub('watched');
    await log.append(request('a', { status: ended(8) }));
    const watcher = await watchTask(log, 'never-came');
    await runDurableObjectAlarm(log);
    await watcher.until(({ closed }) => closed !== null);
    expect(watcher.closed).toEqual({ code: 1001 });
  });
});
