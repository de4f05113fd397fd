import { runInDurableObject } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import { MAX_EVENT_BYTES, MAX_PAGE_BYTES } from '../../../shared/limits.ts';
import type { TaskBody } from '../../../worker/rpc.ts';
import { apiOf, BEGUN, batch, event, logStub, readAll, record, request, seqs, sequence, T0 } from './helpers.ts';

const END = [record(4, 'completed')];

describe('LogDO.read', () => {
  it('answers an empty page for a task that it has not heard of', async () => {
    expect(await apiOf(logStub('unknown')).read('t', 7, 10)).toEqual({ events: [], nextAfter: 7, done: false });
  });

  it('pages of any size give the same log, and the last one is done', async () => {
    const log = logStub('pages');
    await log.append(request('t', { status: BEGUN, batch: batch(1, 7) }));
    await log.append(request('t', { batch: batch(8, 9), end: END }));
    for (const limit of [1, 2, 3, 5, 12, 13, 100]) {
      const { entries, done } = await readAll(log, 't', limit);
      expect(seqs(entries)).toEqual(sequence(13));
      expect(done).toBe(true);
    }
    expect(await apiOf(log).read('t', 12, 1)).toMatchObject({ nextAfter: 13, done: true });
    expect(await apiOf(log).read('t', 13, 5)).toEqual({ events: [], nextAfter: 13, done: true });
    expect(await apiOf(log).read('t', 11, 1)).toMatchObject({ nextAfter: 12, done: false });
  });

  it('bounds a page by bytes', async () => {
    const log = logStub('bytes');
    await log.append(request('t', { status: BEGUN }));
    const content = 'ü'.repeat(30_000);
    for (let n = 1; n <= 80; n += 10) {
      const events = sequence(10).map((index) => event(n + index - 1, content));
      await log.append(request('t', { batch: batch(n, n, { events }) }));
    }
    const page = await apiOf(log).read('t', 0, 5000);
    const bytes = new TextEncoder().encode(JSON.stringify(page?.events)).length;
    expect(bytes).toBeLessThan(MAX_PAGE_BYTES + 1000);
    expect(bytes).toBeGreaterThan(MAX_PAGE_BYTES - 2 * MAX_EVENT_BYTES);
    expect(seqs((await readAll(log, 't', 5000)).entries)).toEqual(sequence(83));
  });

  it('keeps every character, and rows below 2 MB whatever a batch weighs', async () => {
    const log = logStub('rows');
    const contents = ['a\nb\r\n\u2028\0"\\', '😀é漢', '{"x":[1]}', ''];
    const odd = contents.map((content, index) => ({ ...event(index + 1, content), data: { deep: [null, content] } }));
    const heavy = sequence(60).map((n) => event(n, 'y'.repeat(60_000)));
    await log.append(request('t', { status: BEGUN, batch: batch(1, 1, { events: [...odd, ...heavy] }), end: END }));
    const { entries } = await readAll(log, 't');
    expect(entries.slice(3, 7).map((entry) => ('event' in entry ? entry.event : null))).toEqual(odd);
    expect(entries).toHaveLength(68);
    const largest = await runInDurableObject(log, (_object, state) =>
      state.storage.sql.exec('SELECT max(length(CAST(body AS BLOB))) AS bytes, count(*) AS n FROM entries').one(),
    );
    expect(largest.bytes).toBeLessThan(2_000_000);
    expect(largest.n).toBeGreaterThan(6);
  });
});

describe('LogDO.archive', () => {
  it('adds late attempts once each, and keeps what a later call does not give', async () => {
    const api = apiOf(logStub('late'));
    const late = (attempt: number) => ({ attempt, hostId: 'h', at: T0 });
    await api.archive('t', { lateAttempts: [late(1)] });
    expect(await api.bodies(['t'])).toEqual({});
    await api.archive('t', { prompt: 'p', metadata: { a: 1 } });
    await api.archive('t', { lateAttempts: [late(1), late(2)] });
    await api.archive('t', { lateAttempts: [late(1), late(2)] });
    expect(await api.bodies(['t'])).toEqual({
      t: { prompt: 'p', metadata: { a: 1 }, lateAttempts: [late(1), late(2)] },
    });
  });

  it('gives back what it took, replaced by a repeat', async () => {
    const api = apiOf(logStub('archive'));
    const body: TaskBody = {
      prompt: 'p',
      metadata: { a: [1, null] },
      result: { success: false, exitCode: 3, output: 'o', filesChanged: ['x'] },
      errorDetails: { tail: 'e' },
    };
    await api.archive('t', { prompt: 'first' });
    await api.archive('t', body);
    await api.archive('u', { prompt: 'q' });
    expect(await api.bodies(['t', 'missing', 'u'])).toEqual({ t: body, u: { prompt: 'q' } });
  });

  it('takes a body larger than a row, and splits no character', async () => {
    const api = apiOf(logStub('large'));
    const prompt = `a${'😀'.repeat(600_000)}`;
    await api.archive('t', { prompt });
    await api.archive('u', { prompt: 'short' });
    expect(await api.bodies(['t'])).toEqual({ t: { prompt } });
    await api.archive('t', { prompt: 'short' });
    expect(await api.bodies(['t'])).toEqual({ t: { prompt: 'short' } });
  });

  it('bounds an answer by bytes, at least one body', async () => {
    const api = apiOf(logStub('bounded'));
    const ids = ['a', 'b', 'c'];
    for (const id of ids) await api.archive(id, { prompt: 'x'.repeat(MAX_PAGE_BYTES / 2) });
    expect(Object.keys(await api.bodies(ids))).toEqual(['a']);
    expect(Object.keys(await api.bodies(['b', 'c']))).toEqual(['b']);
  });
});
