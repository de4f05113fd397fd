import { describe, expect, test } from 'vitest';
import { damageIn } from '../../../../gateway/runs/read-back.ts';

const failed = (code: string) => Object.assign(new Error('failed'), { code });

describe('an error in reading a file back', () => {
  test.each([
    ['EACCES', 'chown'],
    ['EISDIR', 'move away'],
    ['EIO', 'check the disk'],
  ])('%s is damage: the file is named, and what to do', (code, fix) => {
    expect(damageIn(failed(code), '/runs/t.1/result.json')).toMatch(new RegExp(`^/runs/t.1/result.json .*${fix}`));
  });

  test.each(['EMFILE', 'ENFILE', 'ENOMEM', 'ENOENT', 'ESTALE'])(
    '[L4] %s is none: a result must not count as lost',
    (code) => {
      expect(damageIn(failed(code), '/x')).toBeNull();
    },
  );
});
