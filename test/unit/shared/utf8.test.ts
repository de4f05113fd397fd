import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { utf8Head, utf8Length, utf8Tail } from '../../../shared/utf8.ts';

/** Any UTF-16 code units, lone surrogates included, as JSON may carry them. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
  fc.array(fc.constantFrom('a', 'é', '€', '😀', '\ud83d', '\ude00')).map((parts) => parts.join('')),
);
const size = fc.integer({ min: 0, max: 40 });

describe('utf8', () => {
  test('utf8Length is what an encoder writes', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(utf8Length(text)).toBe(Buffer.byteLength(text, 'utf8'));
      }),
    );
  });

  test('utf8Head is the longest whole prefix that fits', () => {
    fc.assert(
      fc.property(anyText, size, (text, max) => {
        const head = utf8Head(text, max);
        expect(text.startsWith(head)).toBe(true);
        expect(Buffer.byteLength(head)).toBeLessThanOrEqual(max);
        const rest = text.slice(head.length);
        const [next] = rest;
        if (next !== undefined) expect(Buffer.byteLength(head) + Buffer.byteLength(next)).toBeGreaterThan(max);
        expect(utf8Length(head) + utf8Length(rest)).toBe(utf8Length(text));
      }),
    );
  });

  test('utf8Tail is the longest whole suffix that fits', () => {
    fc.assert(
      fc.property(anyText, size, (text, max) => {
        const tail = utf8Tail(text, max);
        expect(text.endsWith(tail)).toBe(true);
        expect(Buffer.byteLength(tail)).toBeLessThanOrEqual(max);
        const rest = text.slice(0, text.length - tail.length);
        const last = Array.from(rest).at(-1);
        if (last !== undefined) expect(Buffer.byteLength(last) + Buffer.byteLength(tail)).toBeGreaterThan(max);
        expect(utf8Length(rest) + utf8Length(tail)).toBe(utf8Length(text));
      }),
    );
  });
});
