import { randomUUID } from 'node:crypto';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bootId } from '../../gateway/process/identity.ts';
import { EventReader } from '../../gateway/runs/event-reader.ts';
import type { ResultFile, RunRequest } from '../../gateway/runs/files.ts';
import { createRun, type RunDirectory } from '../../gateway/runs/run-directory.ts';
import type { Room } from '../../gateway/supervisor/host-room.ts';
import { endLostRun } from '../../gateway/supervisor/lost.ts';
import type { AgentEvent } from '../../shared/event.ts';

const LOOK_MS = 25;
/** Generous: the machine may be busy with other tests. */
const PATIENCE_MS = 30_000;

/** Resolves when `condition` gives something other than null, undefined or false; rejects when it never does. */
export async function until<T>(
  what: string,
  condition: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  ms = PATIENCE_MS,
): Promise<T> {
  const deadline = performance.now() + ms;
  for (;;) {
    const value = await condition();
    if (value !== null && value !== undefined && value !== false) return value;
    if (performance.now() > deadline) throw new Error(`waited ${ms} ms in vain for ${what}`);
    await sleep(LOOK_MS);
  }
}

/** A state directory and a work directory, with what makes and ends runs in them. */
export interface Workshop {
  stateDir: string;
  cwd: string;
  /** A text agent running `command`, unless the overrides say otherwise. */
  request(
    command: string[],
    overrides?: Partial<Omit<RunRequest, 'task'>> & { prompt?: string; model?: string },
  ): Promise<RunRequest>;
  run(request: RunRequest): Promise<RunDirectory>;
  /** Kills what is left of every run and removes the directories. */
  close(): Promise<void>;
}

export async function openWorkshop(): Promise<Workshop> {
  const base = await realpath(await mkdtemp(join(tmpdir(), 'gateway-test-')));
  const stateDir = join(base, 'state');
  const cwd = await mkdtemp(join(base, 'work-'));
  const runs: RunDirectory[] = [];
  return {
    stateDir,
    cwd,
    async request(command, { prompt = 'do it', model, ...overrides } = {}) {
      const taskId = `t-${randomUUID()}`;
      return {
        taskId,
        attempt: 1,
        task: { taskId, prompt, cwd, agentType: 'test', ...(model === undefined ? {} : { model }) },
        agent: { protocol: 'text', command, input: false },
        env: { PATH: process.env.PATH ?? '', HOME: base },
        secretNames: [],
        wrap: null,
        rules: [],
        mark: randomUUID(),
        timeoutMs: PATIENCE_MS,
        spawnRetries: 0,
        createdAt: Date.now(),
        bootId: await bootId(),
        ...overrides,
      };
    },
    async run(request) {
      const run = await createRun(stateDir, request);
      runs.push(run);
      return run;
    },
    async close() {
      for (const run of runs) if (await run.exists()) await endLostRun(run, Date.now());
      // A supervisor that has written its result may yet write to the compile cache.
      await rm(base, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

/** A host on which logs may grow. */
export const AMPLE_ROOM: Room = { isFull: false, quotaBytes: Number.POSITIVE_INFINITY, note: () => {} };

export function resultOfRun(run: RunDirectory, ms?: number): Promise<ResultFile> {
  return until(`the result of ${run.path}`, () => run.result(), ms);
}

export async function eventsOf(run: RunDirectory): Promise<AgentEvent[]> {
  const reader = new EventReader(run.file('EVENTS'), 0);
  const events: AgentEvent[] = [];
  for (;;) {
    const page = await reader.next({ maxEvents: 1000, maxBytes: 1_000_000 });
    if (page.length === 0) break;
    events.push(...page.map(({ event }) => event));
  }
  await reader.close();
  return events;
}
