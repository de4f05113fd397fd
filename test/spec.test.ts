import { describe, expect, test } from 'vitest';
import { sections, table } from './support/markdown.ts';
import { projectFiles, readProjectFile } from './support/source-tree.ts';
import { ruledTitles } from './support/titles.ts';

const spec = readProjectFile('SPEC.md');

/** Rules by their bold IDs. */
const rules = [...spec.matchAll(/^- \*\*([LRC]\d+)\*\*/gm)].map(([, rule]) => rule ?? '');
const invariants = rules.filter((rule) => rule.startsWith('L'));

/** `file title` of every test that bears a rule's ID, by rule. */
const proofs = new Map<string, string[]>();
for (const path of projectFiles().filter((file) => file.startsWith('test/') && file.endsWith('.test.ts'))) {
  if (path === 'test/spec.test.ts') continue;
  for (const { title, rules: proven } of ruledTitles(readProjectFile(path))) {
    for (const rule of proven) proofs.set(rule, [...(proofs.get(rule) ?? []), `${path} ${title}`]);
  }
}

describe('SPEC.md', () => {
  test('every ID stands for one rule', () => {
    expect(rules).toEqual([...new Set(rules)]);
    expect(invariants).toEqual(Array.from({ length: 12 }, (_, index) => `L${index + 1}`));
  });

  test('no test bears an ID that it does not define', () => {
    expect([...proofs.keys()].filter((rule) => !rules.includes(rule))).toEqual([]);
  });

  test.each(rules)('%s is proved by a test', (rule) => {
    expect(proofs.get(rule) ?? []).not.toEqual([]);
  });

  test.each(invariants)('names every test that proves %s, and no other', (rule) => {
    const named = table(sections(spec, 3).get(`Proofs of ${rule}`) ?? '').map((cells) => cells.join(' '));
    expect(named.length).toBeGreaterThan(0);
    expect(named.sort()).toEqual([...new Set(proofs.get(rule))].sort());
  });
});

test('titles are found in every form of a test, and in no comment', () => {
  const source = [
    "test('[L1] one', () => {});",
    'it("[L2] [R3] it\'s two", () => {});',
    "describe.each(ways)('[L4] after $how', () => {});",
    "const CASES = [['[C5] a row', 1], ['none', 2]];",
    "it('an escaped \\'quote\\' [L6]', () => {});",
    '// [L7] is only spoken of',
  ].join('\n');
  expect(ruledTitles(source)).toEqual([
    { title: '[L1] one', rules: ['L1'] },
    { title: "[L2] [R3] it's two", rules: ['L2', 'R3'] },
    { title: '[L4] after $how', rules: ['L4'] },
    { title: '[C5] a row', rules: ['C5'] },
    { title: "an escaped \\'quote\\' [L6]", rules: ['L6'] },
  ]);
});
