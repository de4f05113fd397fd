import fc from 'fast-check';
import { expect, test } from 'vitest';
import { matchesGlob } from '../../../../gateway/domain/glob.ts';

test.each([
  ['git *', 'git status', true],
  ['git *', 'git', false],
  ['*', '', true],
  ['a*a', 'a', false],
  ['a*a', 'aa', true],
  ['*.env', '/srv/.env', true],
  ['a.c', 'abc', false],
  ['*a*b*', 'xxbxxa', false],
  ['', 'x', false],
])('%j and %j: %s', (pattern, text, matches) => {
  expect(matchesGlob(pattern, text)).toBe(matches);
});

test('means what the regular expression means', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 6 });
  const words = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 });
  fc.assert(
    fc.property(letters, words, (pattern, text) => {
      expect(matchesGlob(pattern, text)).toBe(new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(text));
    }),
  );
});
