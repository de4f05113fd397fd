import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import { BEGUN, batch, logStub, readAll, record, request, seqs, sequence, short } from './helpers.ts';

describe('LogDO.append', () => {
  it('[R7] keeps assigned, running, events, end in one gapless order', async () => {
    const log = logStub('order');
    await log.append(request('t', { status: BEGUN, batch: batch(1, 3) }));
    const reply = await log.append(request('t', { batch: batch(4, 4), end: [record(4, 'completed')] }));
    expect(reply).toEqual({ stored: 4, closed: false });
    const { entries, done } = await readAll(log, 't');
    expect(entries.map(short)).toEqual([
      'queued',
      'assigned',
      'running',
      'line 1',
      'line 2',
      'line 3',
      'line 4',
      'completed',
    ]);
    expect(seqs(entries)).toEqual(sequence(8));
    expect(done).toBe(true);
  });

  it('shows entries as the contract says', async () => {
    const log = logStub('shape');
    const before = Date.now();
    const error = { code: 'agent_failed', message: 'exit 3', details: 'tail' } as const;
    await log.append(request('t', { status: BEGUN, batch: batch(1, 1), end: [record(4, 'failed', { error })] }));
    const { entries } = await readAll(log, 't');
    const { at, ...first } = { at: 0, ...entries[3] };
    expect(first).toEqual({ seq: 4, hostId: 'host-a', attempt: 1, event: batch(1, 1).events[0] });
    expect(at).toBeGreaterThanOrEqual(before);
    expect(entries[1]).toEqual({ seq: 2, at: BEGUN[1]?.at, attempt: 1, status: 'assigned', hostId: 'host-a' });
    expect(entries[4]).toEqual({ seq: 5, at: record(4, 'failed').at, attempt: 1, status: 'failed', error });
  });

  it('[L3] stores a repeated or overlapping batch once, also across eviction', async () => {
    const log = logStub('overlap');
    await log.append(request('t', { status: BEGUN, batch: batch(1, 4) }));
    expect(await log.append(request('t', { status: BEGUN, batch: batch(1, 4) }))).toEqual({ stored: 4, closed: false });
    await evictDurableObject(log);
    expect(await log.append(request('t', { batch: batch(3, 6) }))).toEqual({ stored: 6, closed: false });
    const { entries } = await readAll(log, 't');
    expect(entries.slice(3).map(short)).toEqual(sequence(6).map((n) => `line ${n}`));
    expect(await log.ackedSeq({ taskId: 't', attempt: 1 })).toBe(6);
  });

  it('[L3] stores nothing of a batch behind a hole, nor the end that came with it', async () => {
    const log = logStub('hole');
    await log.append(request('t', { status: BEGUN, batch: batch(1, 2) }));
    const end = [record(4, 'completed')];
    expect(await log.append(request('t', { batch: batch(4, 5), end }))).toEqual({ stored: 2, closed: false });
    expect(await log.append(request('t', { batch: batch(3, 5), end }))).toEqual({ stored: 5, closed: false });
    const { entries } = await readAll(log, 't');
    expect(entries.slice(3).map(short)).toEqual(['line 1', 'line 2', 'line 3', 'line 4', 'line 5', 'completed']);
  });

  it('[R6] numbers every connection of a version-1 host by itself', async () => {
    const log = logStub('sources');
    await log.append(request('t', { status: BEGUN, batch: batch(1, 2, { source: 7 }) }));
    await log.append(request('t', { batch: batch(1, 1, { source: 8 }) }));
    const repeat = await log.append(request('t', { batch: batch(1, 2, { source: 7 }) }));
    expect(repeat).toEqual({ stored: 2, closed: false });
    expect((await readAll(log, 't')).entries.slice(3).map(short)).toEqual(['line 1', 'line 2', 'line 1']);
    expect(await log.ackedSeq({ taskId: 't', attempt: 1 })).toBe(0);
  });

  it('[L2] drops what an older attempt says once a newer one is in the log', async () => {
    const log = logStub('fence');
    await log.append(request('t', { status: BEGUN, batch: batch(1, 1) }));
    const next = { attempt: 2, hostId: 'host-b' };
    await log.append(request('t', { status: [record(4, 'queued', { attempt: 1 })] }));
    expect(await log.append(request('t', { batch: batch(2, 2) }))).toEqual({ stored: 2, closed: false });
    await log.append(request('t', { status: [record(5, 'assigned', next)] }));
    expect(await log.append(request('t', { batch: batch(3, 3) }))).toEqual({ stored: 0, closed: true });
    await log.append(request('t', { status: [record(6, 'running', next)], batch: batch(1, 1, next) }));
    expect((await readAll(log, 't')).entries.map(short)).toEqual([
      ...['queued', 'assigned', 'running', 'line 1', 'queued', 'line 2'],
      ...['assigned', 'running', 'line 1'],
    ]);
  });

  it('stores nothing after the terminal entry', async () => {
    const log = logStub('terminal');
    await log.append(request('t', { status: BEGUN, batch: batch(1, 1), end: [record(4, 'aborted')] }));
    await evictDurableObject(log);
    expect(await log.append(request('t', { batch: batch(2, 2) }))).toEqual({ stored: 1, closed: true });
    expect(await log.appendStatus([{ taskId: 't', status: [record(5, 'failed')] }])).toEqual({ t: 5 });
    expect((await readAll(log, 't')).entries.map(short).at(-1)).toBe('aborted');
  });

  it('[R7] refuses events whose running record is still on its way, and takes them after it', async () => {
    const log = logStub('not-begun');
    await log.append(request('t', { status: BEGUN.slice(0, 2) }));
    const early = runInDurableObject(log, (object) => object.append(request('t', { batch: batch(1, 1) })));
    await expect(early).rejects.toThrow(/not running/);
    await log.append(request('t', { status: BEGUN, batch: batch(1, 1) }));
    expect((await readAll(log, 't')).entries.map(short)).toEqual(['queued', 'assigned', 'running', 'line 1']);
  });

  it('[R7] applies status records in order of rev, whatever order they come in', async () => {
    const log = logStub('revs');
    expect(await log.appendStatus([{ taskId: 't', status: [record(3, 'running')] }])).toEqual({ t: 0 });
    expect(await log.appendStatus([{ taskId: 't', status: BEGUN.slice(0, 1) }])).toEqual({ t: 1 });
    expect(await log.appendStatus([{ taskId: 't', status: BEGUN.toReversed() }])).toEqual({ t: 3 });
    expect((await readAll(log, 't')).entries.map(short)).toEqual(['queued', 'assigned', 'running']);
  });

  it('takes the records of many tasks, and answers for each', async () => {
    const log = logStub('many');
    const batches = sequence(50).map((n) => ({ taskId: `t${n}`, status: BEGUN.slice(0, (n % 3) + 1) }));
    const revs = await log.appendStatus(batches);
    expect(revs).toEqual(Object.fromEntries(batches.map(({ taskId, status }) => [taskId, status.length])));
  });

  it('keeps a batch of one frame as one row', async () => {
    const log = logStub('rows');
    await log.append(request('t', { status: BEGUN, batch: batch(1, 500) }));
    const rows = await runInDurableObject(log, (_object, state) =>
      state.storage.sql.exec("SELECT count, source, first_n FROM entries WHERE kind = 'events'").toArray(),
    );
    expect(rows).toEqual([{ count: 500, source: 0, first_n: 1 }]);
  });
});
