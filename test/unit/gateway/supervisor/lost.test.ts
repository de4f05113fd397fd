import { type ChildProcess, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bootId, identityOf } from '../../../../gateway/process/identity.ts';
import { RUN_MARK } from '../../../../gateway/process/process-table.ts';
import { encodeEventLine } from '../../../../gateway/runs/event-line.ts';
import { RUN_FILES } from '../../../../gateway/runs/files.ts';
import { runState } from '../../../../gateway/runs/run-state.ts';
import { endLostRun } from '../../../../gateway/supervisor/lost.ts';
import { openWorkshop, type Workshop } from '../../../support/runs.ts';

const EARLIER_BOOT = 'the boot before this one';
const NOW = 1_700_000_000_000;
/** No process has it. */
const DEAD_PID = 2 ** 22 + 1;

describe('a run that lost its supervisor', () => {
  let shop: Workshop;
  const bystanders: ChildProcess[] = [];
  beforeEach(async () => {
    shop = await openWorkshop();
  });
  afterEach(async () => {
    for (const process of bystanders.splice(0)) process.kill('SIGKILL');
    await shop.close();
  });

  /** A process that bears the mark of a run. */
  function marked(mark: string): ChildProcess {
    const child = spawn('sleep', ['1000'], {
      env: { PATH: process.env.PATH ?? '', [RUN_MARK]: mark },
      stdio: 'ignore',
    });
    bystanders.push(child);
    return child;
  }

  async function supervisedBy(run: Awaited<ReturnType<Workshop['run']>>, pid: number, boot: string): Promise<void> {
    await writeFile(run.file('SUPERVISOR'), JSON.stringify({ pid, startTime: '1', bootId: boot }));
    await writeFile(run.file('EVENTS'), '');
  }

  it('[R10] by a reboot: says so, and kills nobody, whoever has its pids now', async () => {
    const request = await shop.request(['true'], { bootId: EARLIER_BOOT });
    const run = await shop.run(request);
    const { pid = 0 } = marked(request.mark);
    await supervisedBy(run, pid, EARLIER_BOOT);
    expect(await runState(run)).toBe('lost');
    expect((await endLostRun(run, NOW)).result).toEqual({
      lastSeq: 0,
      finishedAt: NOW,
      result: { success: false },
      error: { code: 'agent_crashed', message: 'the host went down while the agent ran' },
    });
    expect(await identityOf(pid)).not.toBeNull();
    expect(await runState(run)).toBe('finished');
  });

  it('[R10] by a reboot before its start: the same', async () => {
    const run = await shop.run(await shop.request(['true'], { bootId: EARLIER_BOOT }));
    expect(await runState(run)).toBe('lost');
    expect((await endLostRun(run, NOW)).result.error?.message).toBe('the host went down while the agent ran');
  });

  it('[R10] by its death: ends what is left of the agent, by its mark, and says so', async () => {
    const request = await shop.request(['true']);
    const run = await shop.run(request);
    const child = marked(request.mark);
    const gone = new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal)));
    await supervisedBy(run, DEAD_PID, await bootId());
    expect(await runState(run)).toBe('lost');
    const { result } = await endLostRun(run, NOW);
    expect(result.error?.message).toBe('the process that supervised the agent died; the agent was stopped');
    expect(await gone).toMatch(/^SIG(TERM|KILL)$/);
  });

  it('[L4] has what its agent said for output', async () => {
    const run = await shop.run(await shop.request(['true']));
    await supervisedBy(run, DEAD_PID, await bootId());
    const events = ['one', 'two'].map((content) => ({ type: 'message' as const, content, timestamp: 1 }));
    await writeFile(run.file('EVENTS'), events.map((event, index) => encodeEventLine(index + 1, event)).join(''));
    const { result } = await endLostRun(run, NOW);
    expect(result).toMatchObject({ lastSeq: 2, result: { success: false, output: 'onetwo' } });
  });

  it('[R10] whose supervisor.json somebody removed: no second supervisor is started beside the first', async () => {
    const run = await shop.run(await shop.request(['true']));
    expect(await runState(run)).toBe('unstarted');
    await writeFile(run.file('EVENTS'), '');
    expect(await runState(run)).toBe('lost');
  });

  it('[R10] never takes a later process of the same pid for it', async () => {
    const run = await shop.run(await shop.request(['true']));
    await supervisedBy(run, process.pid, await bootId());
    expect(await runState(run)).toBe('lost');
  });

  it('[L4] leaves a result that is there as it is', async () => {
    const run = await shop.run(await shop.request(['true'], { bootId: EARLIER_BOOT }));
    const result = { lastSeq: 0, finishedAt: 1, result: { success: true, exitCode: 0 } };
    await writeFile(`${run.path}/${RUN_FILES.RESULT}`, JSON.stringify(result));
    expect(await runState(run)).toBe('finished');
    expect(await endLostRun(run, NOW)).toEqual({ result, complaints: [] });
  });
});
