import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Turns } from '../../../../gateway/domain/turns.ts';

test('who has been served waits behind all others', () => {
  const turns = new Turns<string>();
  for (const item of ['a', 'b', 'a', 'c']) turns.add(item);
  expect(turns.next()).toBe('a');
  turns.add('a');
  turns.delete('b');
  expect([turns.next(), turns.next(), turns.next()]).toEqual(['c', 'a', null]);
});

test('however many each has to send, nobody is two turns ahead of one who waits', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 10 }), (work) => {
      const left = [...work];
      const served = work.map(() => 0);
      const turns = new Turns<number>();
      for (const index of work.keys()) turns.add(index);
      for (let index = turns.next(); index !== null; index = turns.next()) {
        left[index] = (left[index] ?? 0) - 1;
        served[index] = (served[index] ?? 0) + 1;
        if ((left[index] ?? 0) > 0) turns.add(index);
        const waiting = served.filter((_, other) => (left[other] ?? 0) > 0);
        if (waiting.length > 0) expect((served[index] ?? 0) - Math.min(...waiting)).toBeLessThanOrEqual(1);
      }
      expect(served).toEqual(work);
    }),
  );
});
