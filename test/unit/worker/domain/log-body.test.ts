import fc from 'fast-check';
import { expect, it } from 'vitest';
import { piecesOf } from '../../../../worker/domain/log-body.ts';

it('splits a text into pieces that join to it, fit, and split no character', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 60 });
  fc.assert(
    fc.property(text, fc.integer({ min: 4, max: 40 }), (whole, max) => {
      const pieces = piecesOf(whole, max);
      expect(pieces.join('')).toBe(whole);
      for (const piece of pieces) {
        expect(Buffer.byteLength(piece)).toBeLessThanOrEqual(max);
        expect(Buffer.from(piece).toString()).toBe(piece);
      }
    }),
  );
});

it('leaves a text that fits in one piece', () => {
  expect(piecesOf('', 4)).toEqual(['']);
  expect(piecesOf('abcd', 4)).toEqual(['abcd']);
  expect(piecesOf('abcde', 4)).toEqual(['abcd', 'e']);
});
