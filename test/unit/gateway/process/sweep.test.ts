import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { bootId, identityOf, isAlive, ownIdentity } from '../../../../gateway/process/identity.ts';
import { processTable, RUN_MARK } from '../../../../gateway/process/process-table.ts';
import { sweep } from '../../../../gateway/process/sweep.ts';

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

async function stayer(env: Record<string, string> = {}, prelude = '') {
  const child = spawn(process.execPath, ['-e', `${prelude}; console.log("up"); setInterval(() => {}, 1000)`], {
    env,
    detached: true,
  });
  children.push(child);
  await once(child.stdout, 'data');
  const identity = await identityOf(child.pid ?? 0);
  if (identity === null) throw new Error('the child is not in the process table');
  return { child, identity };
}

describe('identity', () => {
  it('is of one process: another start time is another process', async () => {
    const own = await ownIdentity();
    expect(await isAlive(own)).toBe(true);
    expect(await isAlive({ ...own, startTime: `${own.startTime}0` })).toBe(false);
    expect(await bootId()).toBe(await bootId());
  });

  it('ends with the process', async () => {
    const { child, identity } = await stayer();
    expect(await isAlive(identity)).toBe(true);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await isAlive(identity)).toBe(false);
  });
});

describe('[R10] a sweep', () => {
  it('ends what bears the mark, and nothing that bears another or none', async () => {
    const mark = randomUUID();
    const marked = await stayer({ [RUN_MARK]: mark });
    const others = [
      await stayer({ [RUN_MARK]: `${mark}x` }),
      await stayer({ OTHER: `${RUN_MARK}=${mark}` }),
      await stayer(),
    ];
    expect((await processTable(mark)).filter((entry) => entry.marked).map((entry) => entry.pid)).toEqual([
      marked.identity.pid,
    ]);
    expect(await sweep({ mark, agent: null })).toEqual([]);
    expect(await isAlive(marked.identity)).toBe(false);
    for (const other of others) expect(await isAlive(other.identity)).toBe(true);
  });

  it('[L5] sends KILL, however long who sweeps was stopped after TERM', async () => {
    const mark = randomUUID();
    const { identity } = await stayer({ [RUN_MARK]: mark }, "process.on('SIGTERM', () => {})");
    // The start and the first look; from then on an hour passes between two looks.
    let reads = 0;
    const clock = () => Math.max(0, reads++ - 1) * 3_600_000;
    expect(await sweep({ mark, agent: null, clock })).toEqual([]);
    expect(await isAlive(identity)).toBe(false);
  });

  it('leaves a process alone that has the pid of an agent long gone', async () => {
    const { identity } = await stayer();
    await sweep({ mark: randomUUID(), agent: { pid: identity.pid, startTime: 'earlier' } });
    expect(await isAlive(identity)).toBe(true);
  });
});
