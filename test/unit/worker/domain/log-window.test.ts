import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_EVENT_BYTES } from '../../../../shared/limits.ts';
import { NotBegunError } from '../../../../worker/domain/log-batch.ts';
import { KEPT_SOURCES } from '../../../../worker/domain/log-head.ts';
import { BEGUN, batch, MemoryLog, record } from './log-fixtures.ts';

const EVENT_BYTES = JSON.stringify(batch(1, 1).events[0]).length + 1;

describe('a full log', () => {
  it('[C2] [L11] says so once, and what it leaves out is one gap', () => {
    const log = new MemoryLog({ logBytes: 3 * EVENT_BYTES });
    log.append({ status: BEGUN, batch: batch(1, 2) });
    expect(log.append({ batch: batch(3, 6) })).toEqual({ stored: 6, closed: false });
    expect(log.append({ batch: batch(7, 9) })).toEqual({ stored: 9, closed: false });
    expect(log.append({ batch: batch(8, 9), end: [record(4, 'completed')] })).toEqual({ stored: 9, closed: false });
    expect(log.shorts).toEqual([
      ...['queued', 'assigned', 'running', 'line 1', 'line 2', 'line 3'],
      ...[{ limit: 'MAX_LOG_BYTES' }, { gap: { from: 8, to: 13 } }, 'completed'],
    ]);
    expect(log.entries.at(-1)).toMatchObject({ seq: 14 });
  });

  it('stays full for a later attempt, and still stores every status', () => {
    const log = new MemoryLog({ logBytes: EVENT_BYTES });
    log.append({ status: BEGUN, batch: batch(1, 2) });
    log.append({ status: [record(4, 'queued'), record(5, 'assigned', 2), record(6, 'running', 2)] });
    expect(log.append({ batch: batch(1, 1, { attempt: 2 }) })).toEqual({ stored: 1, closed: false });
    log.append({ status: [record(7, 'failed', 2)] });
    expect(log.shorts.slice(3)).toEqual([
      ...['line 1', { limit: 'MAX_LOG_BYTES' }, { gap: { from: 6, to: 6 } }, 'queued', 'assigned', 'running'],
      ...[{ gap: { from: 10, to: 10 } }, 'failed'],
    ]);
  });
});

describe('rows', () => {
  it('hold at most rowBytes, and none splits an event', () => {
    const log = new MemoryLog({ rowBytes: 4 * EVENT_BYTES });
    log.append({ status: BEGUN, batch: batch(1, 9) });
    expect(log.rows.slice(3).map(({ first, count }) => [first, count])).toEqual([
      [4, 4],
      [8, 4],
      [12, 1],
    ]);
    const numbers = log.rows.map((row) => (row.kind === 'events' ? row.firstN : null));
    expect(numbers.slice(3)).toEqual([1, 5, 9]);
  });

  it('hold no event above its limit, whatever a sender lets through', () => {
    const log = new MemoryLog();
    const event = { type: 'log', content: 'x'.repeat(2 * MAX_EVENT_BYTES), timestamp: 1 } as const;
    log.append({ status: BEGUN, batch: batch(1, 1, { events: [event] }) });
    expect(log.rows[3]?.body.length).toBeLessThanOrEqual(MAX_EVENT_BYTES);
    expect(log.entries[3]).toMatchObject({ event: { data: { truncated: true } } });
  });
});

describe('order', () => {
  it.each([
    ['nothing', []],
    ['queued', BEGUN.slice(0, 1)],
    ['assigned', BEGUN.slice(0, 2)],
    ['running of an older attempt', [...BEGUN, record(4, 'assigned', 2)]],
  ])('[R7] refuses events after %s', (_title, status) => {
    const log = new MemoryLog();
    const attempt = status.length > 3 ? 2 : 1;
    expect(() => log.append({ status, batch: batch(1, 1, { attempt }) })).toThrow(NotBegunError);
  });

  it('[R7] takes the returning host of a requeued attempt for what it is', () => {
    const log = new MemoryLog();
    log.append({ status: BEGUN, batch: batch(1, 2) });
    log.append({ status: [record(4, 'queued')] });
    expect(log.append({ status: [record(5, 'running')], batch: batch(2, 3) })).toEqual({ stored: 3, closed: false });
  });

  it('does not let the end overtake events of its own call', () => {
    const log = new MemoryLog();
    log.append({ status: BEGUN });
    log.append({ batch: batch(2, 2), end: [record(4, 'completed')] });
    expect(log.head.terminalAt).toBeNull();
    log.append({ status: [record(4, 'aborted')], batch: batch(1, 1) });
    expect(log.shorts.at(-1)).toBe('aborted');
  });

  it('leaves the head as it is when there is nothing new', () => {
    const log = new MemoryLog();
    log.append({ status: BEGUN, batch: batch(1, 2) });
    const before = log.head;
    log.append({ status: BEGUN, batch: batch(1, 2) });
    log.append({ batch: batch(5, 6) });
    expect(log.head).toBe(before);
  });

  it('[R7] any arrival of status records ends in the same log', () => {
    const all = [
      ...BEGUN,
      record(4, 'queued'),
      record(5, 'assigned', 2),
      record(6, 'running', 2),
      record(7, 'failed', 2),
    ];
    const pieces = fc.array(fc.subarray(all, { minLength: 1 }), { maxLength: 12 });
    fc.assert(
      fc.property(pieces, (calls) => {
        const log = new MemoryLog();
        for (const status of calls) log.append({ status: status.toReversed() });
        expect(log.shorts).toEqual(all.slice(0, log.head.rev).map(({ status }) => status));
        log.append({ end: all });
        expect(log.shorts).toEqual(all.map(({ status }) => status));
      }),
    );
  });
});

describe('connections of a version-1 host', () => {
  it('are forgotten beyond a bound, and a forgotten one can add nothing', () => {
    const log = new MemoryLog();
    log.append({ status: BEGUN, batch: batch(1, 1) });
    for (let source = 1; source <= KEPT_SOURCES + 5; source += 1) {
      expect(log.append({ batch: batch(1, 2, { source }) })).toEqual({ stored: 2, closed: false });
    }
    expect(Object.keys(log.head.acked)).toHaveLength(KEPT_SOURCES + 1);
    expect(log.append({ batch: batch(1, 2, { source: 3 }) })).toEqual({ stored: 0, closed: true });
    expect(log.append({ batch: batch(1, 2) })).toEqual({ stored: 2, closed: false });
  });
});
