import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KEEP_SETTLED_MS } from '../../../../gateway/domain/kept-runs.ts';
import { reattach } from '../../../../gateway/runs/reattach.ts';
import type { RunDirectory } from '../../../../gateway/runs/run-directory.ts';
import { RunManager } from '../../../../gateway/runs/run-manager.ts';
import { WarmAgents } from '../../../../gateway/runs/warm-agents.ts';
import { openWorkshop, until, type Workshop } from '../../../support/runs.ts';

let shop: Workshop;
let now = 0;
const managers: RunManager[] = [];
beforeEach(async () => {
  now = 1_000_000;
  shop = await openWorkshop();
});
afterEach(async () => {
  for (const manager of managers.splice(0)) await manager.close();
  await shop.close();
});

/** A daemon's manager, as after its start. */
async function started(): Promise<RunManager> {
  const manager = new RunManager({
    stateDir: shop.stateDir,
    setup: undefined,
    keepWarm: null,
    warm: new WarmAgents(shop.stateDir, 0),
    maxConcurrent: 1,
    check: async () => ({ kind: 'refused', reason: 'unavailable', message: 'this test starts none' }),
    limits: () => ({ taskTimeout: 60_000, maxRetries: 0 }),
    now: () => now,
    onChange: () => {},
  });
  managers.push(manager);
  await reattach(manager, shop.stateDir);
  return manager;
}

/** A run that has ended, with something in each of its files. */
async function endedRun(): Promise<RunDirectory> {
  const run = await shop.run(await shop.request(['true']));
  for (const name of ['CONTROL', 'EVENTS', 'STDERR'] as const) await writeFile(run.file(name), 'x\n');
  await mkdir(join(run.path, 'tmp'));
  await writeFile(run.file('RESULT'), JSON.stringify({ lastSeq: 0, finishedAt: 1, result: { success: true } }));
  return run;
}

const entries = (name: string) => readdir(join(shop.stateDir, name));

async function settle(manager: RunManager): Promise<void> {
  for (const run of manager.store.all()) await manager.settle(run, 'committed');
  await until('the runs to be put aside', () => manager.store.all().length === 0);
}

describe('a settled run', () => {
  test('[R4] is put aside without its secrets, is no run any more, and is not run again, by the next daemon neither', async () => {
    const { ref, request } = await endedRun();
    const first = await started();
    await settle(first);
    expect(await entries('runs')).toEqual([]);
    const name = `${ref.taskId}.1`;
    expect((await entries(`settled/${name}`)).sort()).toEqual([
      'events.jsonl',
      'result.json',
      'settled.json',
      'stderr.log',
    ]);
    const next = await started();
    expect(next.store.all()).toEqual([]);
    const task = request?.task ?? { taskId: '', prompt: '', cwd: '', agentType: '' };
    for (const manager of [first, next])
      expect(await manager.execute({ type: 'task:execute', attempt: 1, task })).toEqual({ kind: 'settled' });
  });

  test('goes when it is old: while the daemon runs, and at its start', async () => {
    await endedRun();
    const first = await started();
    await settle(first);
    now += KEEP_SETTLED_MS - 1;
    await first.kept.prune();
    expect(await entries('settled')).toHaveLength(1);
    await started();
    expect(await entries('settled')).toHaveLength(1);
    now += 1;
    await first.kept.prune();
    expect(await entries('settled')).toEqual([]);
    await endedRun();
    await settle(first);
    now += KEEP_SETTLED_MS;
    await started();
    expect(await entries('settled')).toEqual([]);
  });

  test('that was settled before a crash is put aside by the next daemon', async () => {
    const run = await endedRun();
    await run.writeSettled({ outcome: 'committed', settledAt: now });
    const manager = await started();
    await until('the run to be put aside', () => manager.store.all().length === 0);
    expect(await entries('settled')).toHaveLength(1);
  });

  test('is removed where none can be kept', async () => {
    await endedRun();
    const manager = await started();
    await writeFile(join(shop.stateDir, 'settled'), '');
    await settle(manager);
    expect(await entries('runs')).toEqual([]);
  });
});
