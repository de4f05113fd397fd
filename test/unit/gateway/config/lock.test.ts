import { spawn } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockStateDir } from '../../../../gateway/config/lock.ts';
import { identityOf } from '../../../../gateway/process/identity.ts';
import { Place } from './support.ts';

let place: Place;
let stateDir: string;
beforeEach(() => {
  place = new Place();
  stateDir = place.directory('state');
});
afterEach(() => place.remove());

function leaveLock(pid: number, content: unknown): void {
  writeFileSync(join(stateDir, `daemon.${pid}.lock`), typeof content === 'string' ? content : JSON.stringify(content));
}

test('is taken and given back', async () => {
  const lock = await lockStateDir(stateDir);
  expect(readdirSync(stateDir)).toEqual([`daemon.${process.pid}.lock`]);
  lock.release();
  expect(readdirSync(stateDir)).toEqual([]);
});

test('refuses while another daemon lives, naming it', async () => {
  const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  const pid = other.pid ?? 0;
  leaveLock(pid, await identityOf(pid));
  await expect(lockStateDir(stateDir)).rejects.toThrow(`another daemon (pid ${pid}) uses ${stateDir}`);
  other.kill('SIGKILL');
  await new Promise((resolve) => other.once('exit', resolve));
  await lockStateDir(stateDir);
  expect(readdirSync(stateDir)).toEqual([`daemon.${process.pid}.lock`]);
});

test('is not held by a later process of the same pid, nor by half a file', async () => {
  leaveLock(1, { pid: 1, startTime: 'long ago' });
  leaveLock(2, '{"pid":');
  await lockStateDir(stateDir);
  expect(readdirSync(stateDir)).toEqual([`daemon.${process.pid}.lock`]);
});
