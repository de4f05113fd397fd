import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runState } from '../../../../gateway/runs/run-state.ts';
import { superviseRun } from '../../../../gateway/runs/supervise.ts';
import { claimRun } from '../../../../gateway/supervisor/claim.ts';
import { openWorkshop, type Workshop } from '../../../support/runs.ts';

/** ms; a run is given up after some dozens of looks. */
const LOOK_MS = 5;
const never = new AbortController().signal;
const hooks = { onActivity: () => {}, onSession: () => {}, onDamage: () => {}, now: () => 1 };

let shop: Workshop;
const { execPath } = process;
beforeEach(async () => {
  shop = await openWorkshop();
});
afterEach(async () => {
  process.execPath = execPath;
  await shop.close();
});

describe('a run that cannot be supervised', () => {
  it('is given up after some tries, and no supervisor can take it later', async () => {
    process.execPath = '/nowhere/node';
    const run = await shop.run(await shop.request(['true']));
    const result = await superviseRun(run, hooks, never, { lookMs: LOOK_MS });
    expect(result).toMatchObject({ lastSeq: 0, error: { code: 'agent_crashed' } });
    expect(result?.error?.message).toContain('could not be started');
    expect(await claimRun(run)).toBe(false);
  });

  it('is given up too when it cannot be read who took it', async () => {
    process.execPath = '/bin/true';
    const run = await shop.run(await shop.request(['true']));
    await writeFile(run.file('SUPERVISOR'), '{"pid":');
    expect(await superviseRun(run, hooks, never, { lookMs: LOOK_MS })).toMatchObject({
      error: { code: 'agent_crashed' },
    });
    expect(await runState(run)).toBe('finished');
  });
});

describe('a run that is lost', () => {
  it('[L4] has a result though its directory takes none, and its owner is told why', async () => {
    const run = await shop.run({ ...(await shop.request(['true'])), bootId: 'an earlier one' });
    await mkdir(run.file('RESULT'));
    await mkdir(join(`${run.file('RESULT')}.damaged`, 'full'), { recursive: true });
    const told: string[] = [];
    const onDamage = (why: string) => told.push(why);
    const result = await superviseRun(run, { ...hooks, onDamage }, never, { lookMs: LOOK_MS });
    expect(result).toMatchObject({ error: { code: 'agent_crashed' } });
    expect(told).toEqual([
      expect.stringContaining('result.json is not a file'),
      expect.stringContaining('takes no file'),
    ]);
  });
});
