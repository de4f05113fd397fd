import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { identityOf, isAlive } from '../../gateway/process/identity.ts';
import type { ProcessIdentity } from '../../gateway/runs/files.ts';
import type { RunDirectory } from '../../gateway/runs/run-directory.ts';
import { runState } from '../../gateway/runs/run-state.ts';
import { launchSupervisor } from '../../gateway/supervisor/launch.ts';
import { endLostRun } from '../../gateway/supervisor/lost.ts';
import { eventsOf, openWorkshop, resultOfRun, until, type Workshop } from '../support/runs.ts';

const SPAWNER = fileURLToPath(new URL('../fixtures/agents/spawner.mjs', import.meta.url));
/** The agent, one `setsid`, one that ignores TERM, one double-forked, one of a cleared environment. */
const PROCESSES = 5;
/** What the contract allows from abort to the last process's end. */
const GONE_MS = 6_000;

/** Waits until the whole family runs, and returns who they are. */
function family(run: RunDirectory): Promise<ProcessIdentity[]> {
  return until('all processes of the agent', async () => {
    const pids = (await eventsOf(run)).flatMap((event) => /^pid (\d+)$/.exec(event.content ?? '')?.[1] ?? []);
    if (pids.length < PROCESSES) return null;
    const identities = await Promise.all(pids.map((pid) => identityOf(Number(pid))));
    return identities.filter((identity) => identity !== null);
  });
}

async function allGone(identities: ProcessIdentity[]): Promise<boolean> {
  const alive = await Promise.all(identities.map(isAlive));
  return !alive.includes(true);
}

describe('killing', () => {
  let shop: Workshop;
  beforeEach(async () => {
    shop = await openWorkshop();
  });
  afterEach(() => shop.close());

  const start = async (overrides = {}, args: string[] = []) => {
    const run = await shop.run(await shop.request([process.execPath, SPAWNER, ...args], overrides));
    await launchSupervisor(run);
    return run;
  };

  it('[L5] an abort ends every process that the agent started within 6 s', async () => {
    const run = await start();
    const identities = await family(run);
    expect(identities).toHaveLength(PROCESSES);
    await run.appendControl({ kind: 'abort', id: 'a', reason: 'abort' });
    await until('the end of all', () => allGone(identities), GONE_MS);
    expect(await resultOfRun(run)).toMatchObject({ result: { success: false }, error: { code: 'aborted' } });
  });

  it('[L5] so does the time limit', async () => {
    const run = await start({ timeoutMs: 3_000 });
    const identities = await family(run);
    expect(await resultOfRun(run)).toMatchObject({ result: { success: false }, error: { code: 'timeout' } });
    expect(await allGone(identities)).toBe(true);
  });

  it('[L5] what an agent leaves behind when it ends by itself is ended too, and its result stands', async () => {
    const run = await start({}, ['exit']);
    const identities = await family(run);
    expect(await resultOfRun(run)).toMatchObject({ result: { success: true, exitCode: 0 } });
    expect(await allGone(identities)).toBe(true);
  });

  it('[L5] of a supervisor killed with -9 the daemon ends the processes and the run', async () => {
    const run = await start();
    const identities = await family(run);
    const supervisor = await until('the supervisor', () => run.supervisor());
    expect(await runState(run)).toBe('running');
    process.kill(supervisor.pid, 'SIGKILL');
    await until('its death', async () => !(await isAlive(supervisor)));
    expect(await runState(run)).toBe('lost');
    const { result } = await endLostRun(run, Date.now());
    expect(await allGone(identities)).toBe(true);
    expect(result.error?.code).toBe('agent_crashed');
    expect(result.lastSeq).toBe((await eventsOf(run)).length);
    expect(await run.result()).toEqual(result);
  });

  it('a supervisor told to stop ends its agent and says so', async () => {
    const run = await start();
    const identities = await family(run);
    const supervisor = await until('the supervisor', () => run.supervisor());
    process.kill(supervisor.pid, 'SIGTERM');
    expect(await resultOfRun(run)).toMatchObject({ error: { code: 'agent_crashed' } });
    expect(await allGone(identities)).toBe(true);
  });

  it('[L3] a supervisor outlives the process that launched it', async () => {
    const script = 'setTimeout(() => console.log("late"), 1500)';
    const run = await shop.run(await shop.request([process.execPath, '-e', script]));
    const launcher = fileURLToPath(new URL('../fixtures/agents/launch-and-wait.mjs', import.meta.url));
    const parent = spawn(process.execPath, [launcher, run.path], { stdio: 'ignore', detached: true });
    await until('the supervisor', () => run.supervisor());
    process.kill(-(parent.pid ?? 0), 'SIGKILL');
    await once(parent, 'exit');
    expect(await resultOfRun(run)).toMatchObject({ result: { success: true, output: 'late\n' } });
  });
});
