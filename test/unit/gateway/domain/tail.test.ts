import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Tail } from '../../../../gateway/domain/tail.ts';
import { utf8Tail } from '../../../../shared/utf8.ts';

describe('the tail', () => {
  it('is the end of all that was appended, however it was', () => {
    const texts = fc.array(fc.string({ unit: 'grapheme', maxLength: 40 }), { maxLength: 60 });
    fc.assert(
      fc.property(texts, fc.integer({ min: 4, max: 100 }), (parts, max) => {
        const tail = new Tail(max);
        for (const part of parts) tail.append(part);
        expect(tail.text).toBe(utf8Tail(parts.join(''), max));
      }),
    );
  });

  it('drops what is too old in large chunks too', () => {
    const tail = new Tail(10);
    for (let n = 0; n < 100; n += 1) tail.append('x'.repeat(5_000));
    tail.append('end');
    expect(tail.text).toBe('xxxxxxxend');
  });
});
