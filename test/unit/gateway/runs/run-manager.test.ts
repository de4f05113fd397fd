import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { AllowedTask } from '../../../../gateway/policy/check-task.ts';
import { RunManager } from '../../../../gateway/runs/run-manager.ts';
import { WarmAgents } from '../../../../gateway/runs/warm-agents.ts';
import { openWorkshop, type Workshop } from '../../../support/runs.ts';

let workshop: Workshop;
beforeEach(async () => {
  workshop = await openWorkshop();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await workshop.close();
});

/** The next file that is written whole fails as the system says it with `code`. */
async function failNextFile(code: string): Promise<void> {
  const probe = await open(join(workshop.cwd, 'probe'), 'w');
  const prototype: FileHandle = Object.getPrototypeOf(probe);
  await probe.close();
  vi.spyOn(prototype, 'writeFile').mockRejectedValueOnce(Object.assign(new Error('failed'), { code }));
}

/** A manager of one slot whose owner allows any task, and such a task. */
async function managerOf(owner: Partial<AllowedTask>, taskTimeout = 60_000) {
  const { task, agent, env } = await workshop.request(['true']);
  const allowed = { agent, env, secretNames: [], rules: [], wrap: null, maxTimeoutMs: null, ...owner };
  const manager = new RunManager({
    stateDir: workshop.stateDir,
    setup: undefined,
    keepWarm: null,
    warm: new WarmAgents(workshop.stateDir, 0),
    maxConcurrent: 1,
    check: async (given) => ({ ...allowed, kind: 'allowed', task: given }),
    limits: () => ({ taskTimeout, maxRetries: 0 }),
    now: () => 1,
    onChange: () => {},
  });
  return { manager, task };
}

describe('[L9] the owner’s longest time', () => {
  test.each([
    ['a task that asks for more', 90_000, 60_000, 60_000],
    ['a task that asks for less', 30_000, 60_000, 30_000],
    ['a task that asks for nothing', undefined, 60_000, 50_000],
    ['no limit of the owner', 90_000, null, 90_000],
  ])('%s', async (_, timeout, maxTimeoutMs, expected) => {
    const { manager, task } = await managerOf({ maxTimeoutMs }, 50_000);
    const answer = await manager.execute({
      type: 'task:execute',
      attempt: 1,
      task: { ...task, ...(timeout && { timeout }) },
    });
    if (answer.kind !== 'accepted') throw new Error(answer.kind);
    expect(answer.run.directory.request?.timeoutMs).toBe(expected);
    await vi.waitUntil(() => answer.run.result !== null, { timeout: 20_000 });
    await manager.close();
  });
});

describe('a task that cannot be stored', () => {
  test.each([
    ['ENOSPC', { reason: 'full', message: 'the disk of this host is full' }],
    ['EDQUOT', { reason: 'full', message: 'the disk of this host is full' }],
    ['EROFS', { reason: 'unavailable', message: 'this host cannot store the task' }],
  ])('[R3] %s: is refused, for a while only if room may come back, and takes no slot', async (code, expected) => {
    const { manager, task } = await managerOf({});
    const settled = await workshop.run(await workshop.request(['true']));
    await manager.kept.keep(settled);
    for (let times = 0; times < 2; times += 1) {
      await failNextFile(code);
      const answer = await manager.execute({ type: 'task:execute', attempt: 1, task });
      expect(answer).toEqual({ kind: 'refused', ...expected });
    }
    expect(await readdir(join(workshop.stateDir, 'runs'))).toEqual([]);
    // What is kept of settled runs makes room.
    expect(await readdir(join(workshop.stateDir, 'settled'))).toHaveLength(code === 'EROFS' ? 1 : 0);
    await manager.close();
  });
});
