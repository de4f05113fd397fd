import { describe, expect, it } from 'vitest';
import { isAtLeast, versionIn } from '../../../../gateway/domain/version.ts';

describe('versions', () => {
  it.each([
    ['1.18.33\n', '1.18.33'],
    ['2.1.330 (Claude Code)', '2.1.330'],
    ['v0.4.0-rc.1', '0.4.0'],
    ['codex-cli 0.142.0', '0.142.0'],
    ['127.0.0.1', null],
    ['1.18', null],
    ['no version', null],
  ])('%j is %j', (text, version) => {
    expect(versionIn(text)).toBe(version);
  });

  it.each([
    ['1.18.0', '1.18', true],
    ['1.18.33', '1.18', true],
    ['1.9.99', '1.18', false],
    ['2.0.0', '1.18', true],
    ['0.99.99', '1.18', false],
    ['1', '1.0.1', false],
  ])('%s is at least %s: %s', (version, least, answer) => {
    expect(isAtLeast(version, least)).toBe(answer);
  });
});
