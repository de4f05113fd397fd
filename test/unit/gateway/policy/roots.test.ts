import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isInside, isRepositoryInside, placeTask } from '../../../../gateway/policy/roots.ts';

let dir: string;
let home: string;
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'gateway-roots-')));
  home = join(dir, 'home');
  mkdirSync(join(home, 'inner'), { recursive: true });
  mkdirSync(join(dir, 'home-2'));
  mkdirSync(join(dir, 'other'));
  writeFileSync(join(home, 'file'), '');
  symlinkSync(join(dir, 'other'), join(home, 'way-out'));
  symlinkSync(join(home, 'inner'), join(dir, 'way-in'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('[L9] where a task may start', () => {
  const place = (asked: string) => placeTask(asked, home, [home]);

  test('in the host’s own directory when it names none, and anywhere inside a root', async () => {
    expect(await place('')).toEqual({ kind: 'allowed', cwd: home });
    expect(await place('inner')).toEqual({ kind: 'allowed', cwd: join(home, 'inner') });
    expect(await place(join(home, 'inner', '..', 'inner'))).toEqual({ kind: 'allowed', cwd: join(home, 'inner') });
  });

  test('a symlink counts by where it leads', async () => {
    expect(await place('way-out')).toEqual({ kind: 'outside' });
    expect(await place(join(dir, 'way-in'))).toEqual({ kind: 'allowed', cwd: join(home, 'inner') });
  });

  test('nowhere else: not above, not beside, not in a directory whose name begins alike', async () => {
    for (const asked of ['..', '/', '../other', join(dir, 'home-2'), `${home}/../home-2`])
      expect(await place(asked)).toEqual({ kind: 'outside' });
  });

  test('what is outside is outside whether it exists or not', async () => {
    expect(await place(join(dir, 'no-such-place'))).toEqual({ kind: 'outside' });
    expect(await place(join(dir, 'other'))).toEqual({ kind: 'outside' });
  });

  test('a file or nothing at all is no place', async () => {
    expect(await place('file')).toEqual({ kind: 'missing' });
    expect(await place('no-such-place')).toEqual({ kind: 'missing' });
    expect(await place('\0')).toEqual({ kind: 'missing' });
  });
});

test('/ as a root holds everything', () => {
  expect(isInside('/etc', '/')).toBe(true);
  expect(isInside('/', '/')).toBe(true);
  expect(isInside('/', '/etc')).toBe(false);
});

test('[L9] [R20] a repository that reaches outside the roots is none that may be checked out whole', async () => {
  const repository = join(dir, 'repository');
  const inner = join(repository, 'inner');
  mkdirSync(join(repository, '.git'), { recursive: true });
  mkdirSync(inner);
  expect(await isRepositoryInside(inner, [dir])).toBe(true);
  expect(await isRepositoryInside(inner, [repository])).toBe(true);
  expect(await isRepositoryInside(inner, [inner])).toBe(false);
  expect(await isRepositoryInside(dir, [dir])).toBe(false);
});
