import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { endMessage, JOIN_MS, joinDelta, NOTHING_JOINED, restOfPiece } from '../../../../gateway/domain/joined-text.ts';
import type { AgentEvent } from '../../../../shared/event.ts';
import { MAX_EVENT_BYTES } from '../../../../shared/limits.ts';

/** Deltas with their times; asked for the rest every 250 ms, as the supervisor does. */
function said(deltas: readonly { text: string; at: number }[]): { event: AgentEvent; out: number }[] {
  let joined = NOTHING_JOINED;
  const out: { event: AgentEvent; out: number }[] = [];
  const take = (step: ReturnType<typeof joinDelta>, at: number) => {
    joined = step.joined;
    out.push(...step.events.map((event) => ({ event, out: at })));
  };
  let asked = 0;
  for (const { text, at } of deltas) {
    for (; asked <= at; asked += 250) take(restOfPiece(joined, asked), asked);
    take(joinDelta(joined, text, at), at);
  }
  for (const end = asked + 2 * JOIN_MS; asked <= end; asked += 250) take(restOfPiece(joined, asked), asked);
  return out;
}

describe('joining the deltas of a message', () => {
  it('loses nothing, waits for less than a second, and makes no event of each delta', () => {
    const delta = fc.record({ text: fc.string({ minLength: 1, maxLength: 40 }), wait: fc.nat(900) });
    fc.assert(
      fc.property(fc.array(delta, { maxLength: 60 }), (raw) => {
        let at = 0;
        const deltas = raw.map(({ text, wait }) => {
          at += wait;
          return { text, at };
        });
        const pieces = said(deltas);
        expect(pieces.map(({ event }) => event.content).join('')).toBe(deltas.map(({ text }) => text).join(''));
        for (const { event, out } of pieces) expect(out - event.timestamp).toBeLessThan(1_000);
        expect(pieces.length).toBeLessThanOrEqual(at / JOIN_MS + 1);
      }),
    );
  });

  it('lets no piece grow beyond an event', () => {
    const pieces = said(Array.from({ length: 100 }, () => ({ text: '😀'.repeat(1_000), at: 0 })));
    for (const { event } of pieces) expect(JSON.stringify(event).length).toBeLessThan(MAX_EVENT_BYTES / 2);
  });

  it('pieces of one message share its id, the next message has another', () => {
    const first = restOfPiece(joinDelta(NOTHING_JOINED, 'a', 0).joined, JOIN_MS);
    const second = endMessage(joinDelta(first.joined, 'b', JOIN_MS).joined);
    const third = endMessage(joinDelta(second.joined, 'c', JOIN_MS).joined);
    const ids = [first, second, third].flatMap(({ events }) => events.map(({ data }) => data));
    expect(ids).toEqual([{ messageId: '1' }, { messageId: '1' }, { messageId: '2' }]);
  });
});
