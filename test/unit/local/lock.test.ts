import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lockState } from '../../../local/lock.ts';
import { identityOf, isAlive } from '../../../local/process-identity.ts';

describe('the lock of a state directory [C4]', () => {
  let dir = '';
  const pids: number[] = [];

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'agent-gateway-lock-'));
  });
  afterEach(() => {
    for (const pid of pids.splice(0)) if (identityOf(pid) !== null) process.kill(pid, 'SIGKILL');
    rmSync(dir, { recursive: true });
  });

  async function sleeper(): Promise<number> {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000); console.log("up")']);
    await once(child.stdout, 'data');
    if (child.pid === undefined) throw new Error('no process');
    pids.push(child.pid);
    return child.pid;
  }

  const write = (lock: unknown) => writeFileSync(join(dir, 'server.lock'), JSON.stringify(lock));
  const DEAD = { pid: 1, startTime: 'of another process 1' };

  test('is taken, names its runtime, and is released without a trace', async () => {
    const lock = await lockState(dir);
    lock.setRuntime(process.pid);
    expect(JSON.parse(readFileSync(join(dir, 'server.lock'), 'utf8'))).toEqual({
      server: identityOf(process.pid),
      runtime: identityOf(process.pid),
    });
    await expect(lockState(dir)).rejects.toThrow('another server');
    lock.release();
    expect(readdirSync(dir)).toEqual([]);
  });

  test('is refused while its holder lives, who is named', async () => {
    const pid = await sleeper();
    write({ server: identityOf(pid) });
    await expect(lockState(dir)).rejects.toThrow(`another server (pid ${pid}) uses the state directory ${dir}`);
    expect(readdirSync(dir)).toEqual(['server.lock']);
  });

  test.each([
    ['of a dead server', { server: DEAD }],
    ['of this very process, which does not hold it', { server: identityOf(process.pid) }],
    ['of an earlier process with this pid', { server: { pid: process.pid, startTime: 'earlier' } }],
    ['that is not one', 'rubbish'],
  ])('%s is taken over', async (_name, content) => {
    write(content);
    const lock = await lockState(dir);
    expect(JSON.parse(readFileSync(join(dir, 'server.lock'), 'utf8'))).toEqual({ server: identityOf(process.pid) });
    lock.release();
    expect(readdirSync(dir)).toEqual([]);
  });

  test('of a dead server: its runtime is ended first, and nobody else', async () => {
    const [runtime, stranger] = [await sleeper(), await sleeper()];
    const identity = identityOf(runtime);
    if (identity === null) throw new Error('no process');
    write({ server: DEAD, runtime: identity });
    (await lockState(dir)).release();
    expect(isAlive(identity)).toBe(false);
    // The same pid, but not the process that the lock means.
    write({ server: DEAD, runtime: { pid: stranger, startTime: 'earlier' } });
    (await lockState(dir)).release();
    expect(identityOf(stranger)).not.toBeNull();
  });
});
