import fc from 'fast-check';
import { expect, it } from 'vitest';
import { printable } from '../../../shared/printable.ts';

it.each([
  ['colours and cursor movement', '\u001b[2J\u001b[1;31mowned', '\\u001b[2J\\u001b[1;31mowned'],
  ['the title of the window', '\u001b]0;owned\u0007', '\\u001b]0;owned\\u0007'],
  ['the same by one character', '\u009b31m', '\\u009b31m'],
  ['a line over the one before', 'safe\roops', 'safe\\u000doops'],
  ['steps back', 'a\b\bb', 'a\\u0008\\u0008b'],
  ['text that runs backwards', 'a\u202egpj.exe', 'a\\u202egpj.exe'],
])('[R31] %s reaches no terminal', (_what, text, shown) => {
  expect(printable(text)).toBe(shown);
});

it('[R31] leaves what is only text alone: lines, tabs, letters of any script, emoji', () => {
  const text = 'one\n\ttwo é 漢字 עברית 😀👩‍💻';
  expect(printable(text)).toBe(text);
});

it('[R31] of no text anything is left that a terminal acts on', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const codes = [...printable(text)].map((character) => character.codePointAt(0) ?? 0);
      expect(codes.filter((code) => (code < 32 && code !== 9 && code !== 10) || (code >= 127 && code < 160))).toEqual(
        [],
      );
    }),
  );
});
