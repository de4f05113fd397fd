import { describe, expect, it } from 'vitest';
import { boundedPaths } from '../../../../gateway/domain/changed-files.ts';
import { MAX_FILES_CHANGED } from '../../../../shared/limits.ts';

describe('changed paths', () => {
  it('are sorted, single and bounded in number and bytes', () => {
    expect(boundedPaths(['b', 'a', 'b'])).toEqual(['a', 'b']);
    const many = Array.from({ length: MAX_FILES_CHANGED + 5 }, (_, index) => `f${index}`);
    expect(boundedPaths(many)).toHaveLength(MAX_FILES_CHANGED);
    const long = Array.from({ length: 1000 }, (_, index) => `${index}${'d'.repeat(4000)}`);
    expect(JSON.stringify(boundedPaths(long)).length).toBeLessThanOrEqual(100 * 1024);
  });
});
