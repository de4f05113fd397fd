import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import { CLOSE } from '../../../shared/close-codes.ts';
import { setWatcherState } from '../../../worker/objects/log/watcher-state.ts';
import {
  BEGUN,
  batch,
  event,
  type LogStub,
  logStub,
  readAll,
  record,
  request,
  seqs,
  sequence,
  watchTask,
} from './helpers.ts';

const END = [record(4, 'completed')];

/** A log whose backlog takes many pages. */
async function longLog(log: LogStub, taskId: string, batches: number): Promise<number> {
  await log.append(request(taskId, { status: BEGUN }));
  const size = 200;
  for (let index = 0; index < batches; index += 1) {
    const first = index * size + 1;
    const events = sequence(size).map((n) => event(first + n - 1, 'x'.repeat(1000)));
    await log.append(request(taskId, { batch: batch(first, first, { events }) }));
  }
  return BEGUN.length + batches * size;
}

describe('LogDO /watch', () => {
  it('[L11] gives a late watcher everything, then what comes, and closes after the end', async () => {
    const log = logStub('late');
    await log.append(request('t', { status: BEGUN, batch: batch(1, 2) }));
    const watcher = await watchTask(log, 't');
    await log.append(request('t', { batch: batch(3, 3) }));
    await log.append(request('t', { batch: batch(4, 4), end: END }));
    await watcher.until(({ closed }) => closed !== null);
    expect(watcher.closed).toEqual({ code: CLOSE.NORMAL });
    expect(watcher.shorts.slice(3)).toEqual(['line 1', 'line 2', 'line 3', 'line 4', 'completed']);
    expect(watcher.entries).toEqual((await readAll(log, 't')).entries);
  });

  it('works for a task without entries yet', async () => {
    const log = logStub('early');
    const watcher = await watchTask(log, 't');
    const other = await watchTask(log, 'other');
    await log.append(request('t', { status: BEGUN, batch: batch(1, 1), end: END }));
    await watcher.until(({ closed }) => closed !== null);
    expect(watcher.shorts).toEqual(['queued', 'assigned', 'running', 'line 1', 'completed']);
    expect(other.entries).toEqual([]);
    other.close();
  });

  it('[L11] resumes after any seq', async () => {
    const log = logStub('resume');
    await log.append(request('t', { status: BEGUN, batch: batch(1, 5), end: END }));
    const all = (await readAll(log, 't')).entries;
    for (let after = 0; after <= all.length + 2; after += 1) {
      const watcher = await watchTask(log, 't', after);
      await watcher.until(({ closed }) => closed !== null);
      expect(watcher.entries).toEqual(all.slice(after));
    }
  });

  it('sends nothing below a position ahead of the log', async () => {
    const log = logStub('ahead');
    await log.append(request('t', { status: BEGUN }));
    const watcher = await watchTask(log, 't', 5);
    await log.append(request('t', { batch: batch(1, 4), end: END }));
    await watcher.until(({ closed }) => closed !== null);
    expect(seqs(watcher.entries)).toEqual([6, 7, 8]);
  });

  it('[L11] a long backlog and live entries meet without a hole or a duplicate', async () => {
    const log = logStub('meet');
    const count = await longLog(log, 't', 10);
    const watchers = await Promise.all(sequence(3).map((n) => watchTask(log, 't', n * 100)));
    await log.append(request('neighbour', { status: BEGUN }));
    const from = count - BEGUN.length + 1;
    for (let n = from; n < from + 50; n += 1) await log.append(request('t', { batch: batch(n, n) }));
    await log.append(request('t', { end: END }));
    for (const [index, watcher] of watchers.entries()) {
      await watcher.until(({ closed }) => closed !== null);
      expect(seqs(watcher.entries)).toEqual(sequence(count + 51).slice((index + 1) * 100));
    }
  });

  it('a long backlog does not hold up other tasks', async () => {
    const log = logStub('fair');
    await longLog(log, 'long', 10);
    const slow = await watchTask(log, 'long');
    await log.append(request('quick', { status: BEGUN, batch: batch(1, 1), end: END }));
    const quick = await watchTask(log, 'quick');
    await quick.until(({ closed }) => closed !== null);
    expect(quick.entries).toHaveLength(5);
    await slow.until(({ entries }) => entries.length === 2003);
    slow.close();
  });

  it('[L12] goes on after the object was evicted, from its attachment alone', async () => {
    const log = logStub('evicted');
    await log.append(request('t', { status: BEGUN, batch: batch(1, 2) }));
    const watcher = await watchTask(log, 't', 1);
    await watcher.until(({ entries }) => entries.length === 4);
    await evictDurableObject(log);
    await log.append(request('t', { batch: batch(3, 3) }));
    await evictDurableObject(log);
    await log.append(request('t', { batch: batch(4, 4), end: END }));
    await watcher.until(({ closed }) => closed !== null);
    expect(seqs(watcher.entries)).toEqual([2, 3, 4, 5, 6, 7, 8]);
  });

  it('[L11] finishes a backlog that an eviction cut short, as soon as the object wakes', async () => {
    const log = logStub('cut-short');
    const count = await longLog(log, 't', 2);
    const watcher = await watchTask(log, 't');
    await watcher.until(({ entries }) => entries.length === count);
    await runInDurableObject(log, (_object, state) => {
      for (const socket of state.getWebSockets('t')) setWatcherState(socket, { taskId: 't', after: 1 });
    });
    await evictDurableObject(log);
    await log.ackedSeq({ taskId: 't', attempt: 1 });
    await watcher.until(({ entries }) => entries.length >= 2 * count - 1);
    expect(seqs(watcher.entries)).toEqual([...sequence(count), ...sequence(count).slice(1)]);
    watcher.close();
  });

  it('ignores what a watcher says and answers its close', async () => {
    const log = logStub('talker');
    await log.append(request('t', { status: BEGUN }));
    const watcher = await watchTask(log, 't');
    watcher.send('{"type":"hello"}');
    watcher.send('');
    await log.append(request('t', { batch: batch(1, 1) }));
    await watcher.until(({ entries }) => entries.length === 4);
    watcher.close();
    await watcher.until(({ closed }) => closed !== null);
    expect(watcher.closed).toEqual({ code: 1000 });
    await log.append(request('t', { batch: batch(2, 2) }));
    expect((await readAll(log, 't')).entries).toHaveLength(5);
  });

  it('[L11] gives one gap for what the log no longer holds, as a page does', async () => {
    const log = logStub('gap');
    await log.append(request('t', { status: BEGUN, batch: batch(1, 3) }));
    await log.append(request('t', { batch: batch(4, 5), end: END }));
    await runInDurableObject(log, (_object, state) => {
      state.storage.sql.exec('DELETE FROM entries WHERE id % 4294967296 < 6');
    });
    const watcher = await watchTask(log, 't', 1);
    await watcher.until(({ closed }) => closed !== null);
    expect(watcher.shorts).toEqual(['gap 2-6', 'line 4', 'line 5', 'completed']);
    expect((await readAll(log, 't')).entries[0]).toEqual({ gap: { from: 1, to: 6 } });
  });

  it.each([
    ['/watch?task=t', {}, 426],
    ['/watch?task=', { Upgrade: 'websocket' }, 400],
    ['/watch?task=t&after=-1', { Upgrade: 'websocket' }, 400],
    ['/watch?task=t&after=x', { Upgrade: 'websocket' }, 400],
    ['/else', { Upgrade: 'websocket' }, 404],
  ])('answers %s with %o by %i', async (path, headers, status) => {
    const response = await logStub('bad').fetch(`https://log${path}`, { headers });
    expect(response.status).toBe(status);
  });
});
