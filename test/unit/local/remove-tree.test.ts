import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { removeTree } from '../../../local/remove-tree.ts';

const FILES = 300;

/** Removes the files of one directory, last one first, while somebody removes the whole. */
const RIVAL = `
  const { workerData } = require('node:worker_threads');
  for (let n = ${FILES - 1}; n >= 0; n -= 1)
    try { require('node:fs').rmSync(workerData + '/f' + n, { force: true }); } catch {}`;

test('a tree in which files vanish meanwhile is removed whole', async () => {
  for (let round = 0; round < 20; round += 1) {
    const base = mkdtempSync(join(tmpdir(), 'remove-tree-'));
    for (const name of ['a', 'b', 'c']) {
      mkdirSync(join(base, name));
      for (let n = 0; n < FILES; n += 1) writeFileSync(join(base, name, `f${n}`), '');
    }
    const rival = new Worker(RIVAL, { eval: true, workerData: join(base, 'a') });
    const ended = new Promise((resolve) => rival.once('exit', resolve));
    await new Promise((resolve) => rival.once('online', resolve));
    removeTree(base);
    expect(existsSync(base)).toBe(false);
    await ended;
  }
});

test('what is not there is no trouble', () => {
  expect(() => removeTree(join(tmpdir(), 'remove-tree-of-nobody'))).not.toThrow();
});
