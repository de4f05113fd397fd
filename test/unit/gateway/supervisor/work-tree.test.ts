import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openWorkTree } from '../../../../gateway/supervisor/work-tree.ts';
import { openWorkshop, type Workshop } from '../../../support/runs.ts';

const never = new AbortController().signal;
let shop: Workshop;
beforeEach(async () => {
  shop = await openWorkshop();
});
afterEach(() => shop.close());

function git(...args: string[]): string {
  const who = ['-c', 'user.name=t', '-c', 'user.email=t@example.org'];
  return execFileSync('git', [...who, ...args], { cwd: shop.cwd, encoding: 'utf8' });
}

async function opened() {
  return openWorkTree(await shop.request(['true']), join(shop.stateDir, 'scratch'), never);
}

it('there is none outside git', async () => {
  expect(await opened()).toBeNull();
});

it('[R19] sees a change of the same size in the very moment of the commit', async () => {
  const file = join(shop.cwd, 'file');
  const moment = Math.floor(Date.now() / 1000) - 10;
  const write = (text: string) => {
    writeFileSync(file, text);
    utimesSync(file, moment, moment);
  };
  git('init', '-q');
  // Which no test can set.
  git('config', 'core.trustctime', 'false');
  write('old\n');
  git('add', '.');
  git('commit', '-qm', 'start');
  utimesSync(join(shop.cwd, '.git/index'), moment, moment);
  const tree = await opened();
  const before = await tree?.snapshot(never);
  write('new\n');
  const after = await tree?.snapshot(never);
  const changes = await tree?.changes(before ?? '', after ?? '', never);
  expect(changes).toMatchObject({ paths: ['file'], truncated: false });
  expect(changes?.diff).toContain('-old\n+new\n');
});

it('[R19] names binary files, says what was removed, and leaves no object in the repository', async () => {
  git('init', '-q');
  writeFileSync(join(shop.cwd, 'gone'), 'text\n');
  git('add', '.');
  git('commit', '-qm', 'start');
  const objects = () => readdirSync(join(shop.cwd, '.git/objects'), { recursive: true }).length;
  const count = objects();
  const tree = await opened();
  const before = await tree?.snapshot(never);
  git('rm', '-q', '--cached', 'gone');
  execFileSync('rm', [join(shop.cwd, 'gone')]);
  mkdirSync(join(shop.cwd, 'sub'));
  writeFileSync(join(shop.cwd, 'sub/binary'), Buffer.from([0, 1, 2, 255]));
  const after = await tree?.snapshot(never);
  const changes = await tree?.changes(before ?? '', after ?? '', never);
  expect(changes?.paths).toEqual(['gone', 'sub/binary']);
  expect(changes?.diff).toContain('deleted file mode');
  expect(changes?.diff).toContain('Binary files /dev/null and b/sub/binary differ');
  expect(objects()).toBe(count);
});
