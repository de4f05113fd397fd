import { mkdirSync, writeFileSync } from 'node:fs';
import { readdir, readFile, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunRequest } from '../../../../gateway/runs/files.ts';
import { createRun, RunExistsError } from '../../../../gateway/runs/run-directory.ts';
import { listRuns, openRun, removeLeftovers } from '../../../../gateway/runs/run-list.ts';
import { runState } from '../../../../gateway/runs/run-state.ts';
import { watchRun } from '../../../../gateway/runs/watch-run.ts';
import { openWorkshop, until, type Workshop } from '../../../support/runs.ts';

describe('run directories', () => {
  let shop: Workshop;
  let request: RunRequest;
  beforeEach(async () => {
    shop = await openWorkshop();
    request = await shop.request(['true']);
  });
  afterEach(() => shop.close());

  it('hold their request, for the owner alone', async () => {
    const run = await createRun(shop.stateDir, request);
    expect(run.ref).toEqual({ taskId: request.taskId, attempt: 1 });
    expect((await openRun(run.path))?.request).toEqual(request);
    expect((await stat(run.path)).mode & 0o777).toBe(0o700);
    expect((await stat(run.file('REQUEST'))).mode & 0o777).toBe(0o600);
    expect([await run.supervisor(), await run.session(), await run.result(), await run.settled()]).toEqual(
      Array(4).fill(null),
    );
    expect(await runState(run)).toBe('unstarted');
  });

  it('[R4] the same attempt is never made anew; of many at once one wins', async () => {
    const tries = await Promise.allSettled(Array.from({ length: 5 }, () => createRun(shop.stateDir, request)));
    expect(tries.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
    await expect(createRun(shop.stateDir, request)).rejects.toThrow(RunExistsError);
    await createRun(shop.stateDir, { ...request, attempt: 2 });
    expect(await readdir(join(shop.stateDir, 'runs'))).toHaveLength(2);
  });

  it('are listed oldest first; what is no run is named and left alone', async () => {
    expect(await listRuns(shop.stateDir)).toEqual({ runs: [], foreign: [] });
    const late = await createRun(shop.stateDir, { ...request, createdAt: 2 });
    const early = await createRun(shop.stateDir, { ...request, attempt: 2, createdAt: 1 });
    const runs = join(shop.stateDir, 'runs');
    for (const name of ['empty.1', 'no-attempt', 'wrong.1', '.new-x']) mkdirSync(join(runs, name));
    writeFileSync(join(runs, 'wrong.1', 'request.json'), JSON.stringify(request));
    writeFileSync(join(runs, 'file'), '');
    const list = await listRuns(shop.stateDir);
    expect(list.runs.map((run) => run.path)).toEqual([early.path, late.path]);
    expect(list.foreign).toEqual(['empty.1', 'file', 'no-attempt', 'wrong.1']);
    expect(await removeLeftovers(shop.stateDir)).toEqual([]);
    expect(await readdir(runs)).not.toContain('.new-x');
    expect(await readdir(runs)).toContain('wrong.1');
  });

  it('are known by their name when the request is damaged', async () => {
    const run = await createRun(shop.stateDir, request);
    writeFileSync(run.file('REQUEST'), '{"taskId":');
    const { runs, foreign } = await listRuns(shop.stateDir);
    expect([runs.map(({ ref }) => ref), foreign]).toEqual([[run.ref], []]);
    expect(runs[0]?.request).toBeNull();
    expect(await runState(run)).toBe('unstarted');
    expect(await Promise.all(runs.map(runState))).toEqual(['lost']);
  });

  it('are removed whole, and twice does no harm', async () => {
    const run = await createRun(shop.stateDir, request);
    await run.writeSettled({ outcome: 'committed', settledAt: 5 });
    expect(await run.settled()).toEqual({ outcome: 'committed', settledAt: 5 });
    await run.remove();
    await run.remove();
    expect(await readdir(join(shop.stateDir, 'runs'))).toEqual([]);
  });

  it('a control line follows a torn one on a line of its own', async () => {
    const run = await createRun(shop.stateDir, request);
    writeFileSync(run.file('CONTROL'), '{"kind":"abo');
    await run.appendControl({ kind: 'abort', id: 'a', reason: 'abort' });
    expect((await readFile(run.file('CONTROL'), 'utf8')).split('\n')).toContain(
      '{"kind":"abort","id":"a","reason":"abort"}',
    );
  });

  it('damaged files of the supervisor count as absent; a run of an earlier boot is lost', async () => {
    const run = await createRun(shop.stateDir, { ...request, bootId: 'an earlier one' });
    writeFileSync(run.file('RESULT'), '{"lastSeq":');
    writeFileSync(run.file('SESSION'), 'null');
    expect(await run.result()).toBeNull();
    expect(await run.session()).toBeNull();
    expect(await runState(run)).toBe('lost');
  });

  it('one that cannot be read is left alone and does not hide the others', async () => {
    const run = await createRun(shop.stateDir, request);
    await symlink('loop.1', join(shop.stateDir, 'runs', 'loop.1'));
    const { runs, foreign } = await listRuns(shop.stateDir);
    expect([runs.map(({ ref }) => ref), foreign]).toEqual([[run.ref], ['loop.1']]);
  });

  it('changes are told, by notification or by the look now and then; none after close', async () => {
    const run = await createRun(shop.stateDir, request);
    let told = 0;
    const watch = watchRun(
      run,
      () => {
        told += 1;
      },
      20,
    );
    await until('a first word', () => told > 0);
    const before = told;
    writeFileSync(run.file('EVENTS'), 'x\n');
    await until('word of the change', () => told > before);
    watch.close();
    const closed = told;
    writeFileSync(run.file('RESULT'), 'x\n');
    await until('the system to notice', async () => (await stat(run.file('RESULT'))).size === 2);
    expect(told).toBe(closed);
  });
});
