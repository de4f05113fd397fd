import { mkdir, mkdtemp, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunDirectory } from '../../gateway/runs/run-directory.ts';
import { launchSupervisor } from '../../gateway/supervisor/launch.ts';
import type { TaskRequest } from '../../shared/task.ts';
import { isAlive, processesBearing, treeOf } from '../e2e/harness/proc.ts';
import { type ScriptedModel, startScriptedModel } from '../scripted-model/server.ts';
import { openWorkshop, until } from '../support/runs.ts';
import type { AgentRow } from './row.ts';

/** ms. For tests that wait for no limit. */
const AMPLE_MS = 150_000;

export interface LabRun {
  run: RunDirectory;
  /** Of this run alone. */
  cwd: string;
  /** In the environment of all that the agent starts. */
  mark: string;
  /** Pids of the agent and all below it, walked from its supervisor, and of all that bears the mark. */
  processes(): Promise<number[]>;
}

/** A model, a home for one agent, and runs of it. */
export interface Lab {
  model: ScriptedModel;
  /** `wishes`: what else the task asks for. */
  start(prompt: string | ((cwd: string) => string), timeoutMs?: number, wishes?: Partial<TaskRequest>): Promise<LabRun>;
  /** Goes on in the session of an earlier run, in its directory. */
  follow(before: LabRun, prompt: string): Promise<LabRun>;
  /** Which of these are alive, and all that bears the mark. */
  living(pids: readonly number[], mark: string): number[];
  temporaryFiles(): Promise<string[]>;
  close(): Promise<void>;
}

export async function openLab(row: AgentRow): Promise<Lab> {
  const shop = await openWorkshop();
  const model = await startScriptedModel();
  const home = await realpath(await mkdtemp(join(tmpdir(), 'gateway-test-home-')));
  const temporary = join(home, 'tmp');
  await mkdir(temporary);
  const env = { PATH: process.env.PATH ?? '', TMPDIR: temporary, ...row.env(model, home) };
  const bearing = (mark: string) => processesBearing(mark).map(({ pid }) => pid);
  const launch = async (cwd: string, prompt: string, timeoutMs: number, wishes: Partial<TaskRequest>) => {
    const request = await shop.request(['unused'], {
      prompt,
      ...(row.model === undefined ? {} : { model: row.model }),
      agent: row.agent,
      env: wishes.permissions === undefined ? env : { ...env, ...row.asking },
      timeoutMs,
    });
    Object.assign(request.task, { cwd, ...wishes });
    const run = await shop.run(request);
    await launchSupervisor(run);
    const processes = async () => {
      const { pid } = await until('the supervisor', () => run.supervisor());
      return [...new Set([...treeOf(pid).filter((each) => each !== pid), ...bearing(request.mark)])];
    };
    return { run, cwd, mark: request.mark, processes };
  };
  return {
    model,
    async start(prompt, timeoutMs = AMPLE_MS, wishes = {}) {
      const cwd = await mkdtemp(join(shop.cwd, 'run-'));
      return launch(cwd, typeof prompt === 'string' ? prompt : prompt(cwd), timeoutMs, wishes);
    },
    async follow({ run, cwd }, prompt) {
      return launch(cwd, prompt, AMPLE_MS, { sessionId: (await run.session()) ?? '' });
    },
    living: (pids, mark) => [...pids.filter(isAlive), ...bearing(mark)],
    temporaryFiles: () => readdir(temporary),
    async close() {
      await shop.close();
      await model.close();
      await rm(home, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}
