import { describe, expect, it } from 'vitest';
import { boundedPaths, changedPaths, statusPaths } from '../../../../gateway/domain/changed-files.ts';
import { MAX_FILES_CHANGED } from '../../../../shared/limits.ts';

describe('git status --porcelain -z', () => {
  it('gives every path, both of a rename, whatever is in a name', () => {
    const output = ' M a b\0?? new\nline\0R  to\0from\0D  gone\0';
    expect(statusPaths(output)).toEqual(['a b', 'new\nline', 'to', 'from', 'gone']);
    expect(statusPaths('')).toEqual([]);
  });
});

describe('changed paths', () => {
  it('are those touched that were clean, and those dirty before whose content differs', () => {
    const dirty = new Map([
      ['same', 'h1'],
      ['again', 'h1'],
      ['reverted', 'h1'],
      ['removed', 'h1'],
      ['stillGone', null],
    ]);
    const contents = new Map([
      ['same', 'h1'],
      ['again', 'h2'],
      ['reverted', 'h0'],
      ['removed', null],
      ['stillGone', null],
    ]);
    const touched = ['same', 'again', 'fresh', 'stillGone'];
    expect(changedPaths({ before: { dirty }, touched, contents }).sort()).toEqual([
      'again',
      'fresh',
      'removed',
      'reverted',
    ]);
  });

  it('are sorted, single and bounded in number and bytes', () => {
    expect(boundedPaths(['b', 'a', 'b'])).toEqual(['a', 'b']);
    const many = Array.from({ length: MAX_FILES_CHANGED + 5 }, (_, index) => `f${index}`);
    expect(boundedPaths(many)).toHaveLength(MAX_FILES_CHANGED);
    const long = Array.from({ length: 1000 }, (_, index) => `${index}${'d'.repeat(4000)}`);
    expect(JSON.stringify(boundedPaths(long)).length).toBeLessThanOrEqual(100 * 1024);
  });
});
