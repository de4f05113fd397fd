import { describe, expect, it } from 'vitest';
import { type CutReason, type RunEnd, resultOf } from '../../../../gateway/domain/outcome.ts';
import { MAX_FRAME_BYTES, MAX_OUTPUT_BYTES } from '../../../../shared/limits.ts';

const facts = (end: RunEnd, stderrTail = '') => ({
  end,
  timeoutMs: 5000,
  idleTimeoutMs: undefined,
  durationMs: 12.6,
  stderrTail,
  workspace: null,
  changes: { filesChanged: ['a'], changesFrom: 'agent' as const },
});
const verdict = { success: true, message: '', output: 'hi', files: [] };

describe('the result of a run', () => {
  it('of a success has no error', () => {
    expect(resultOf(facts({ kind: 'exited', exit: { code: 0, signal: null }, verdict }, 'noise'))).toEqual({
      result: { success: true, exitCode: 0, output: 'hi', duration: 13, filesChanged: ['a'], changesFrom: 'agent' },
    });
  });

  it('says what it took where the agent counts', () => {
    const usage = { inputTokens: 100, outputTokens: 20 };
    const end: RunEnd = { kind: 'exited', exit: { code: 0, signal: null }, verdict: { ...verdict, usage } };
    expect(resultOf(facts(end)).result.usage).toEqual(usage);
  });

  it('of a failure has the agent’s word and the tail of stderr', () => {
    const failed = { ...verdict, success: false, message: 'the agent exited with code 3' };
    expect(resultOf(facts({ kind: 'exited', exit: { code: 3, signal: null }, verdict: failed }, 'oops'))).toMatchObject(
      {
        result: { success: false, exitCode: 3 },
        error: { code: 'agent_failed', message: 'the agent exited with code 3', details: 'oops' },
      },
    );
  });

  it('of a signal has no exit code', () => {
    const failed = { ...verdict, success: false, message: 'killed' };
    const end: RunEnd = { kind: 'exited', exit: { code: null, signal: 'SIGSEGV' }, verdict: failed };
    expect(resultOf(facts(end)).result).not.toHaveProperty('exitCode');
  });

  it.each<[CutReason, string]>([
    ['abort', 'aborted'],
    ['superseded', 'aborted'],
    ['shutdown', 'aborted'],
    ['timeout', 'timeout'],
    ['idle', 'idle_timeout'],
    ['stopped', 'agent_crashed'],
    ['disk', 'agent_crashed'],
  ])('cut by %s is %s, never a success, even if the agent then ended well', (reason, code) => {
    const { result, error } = resultOf(facts({ kind: 'cut', reason, exit: { code: 0, signal: null }, verdict }));
    expect(result.success).toBe(false);
    expect(error?.code).toBe(code);
  });

  it('of an agent that never ran is agent_crashed', () => {
    expect(resultOf(facts({ kind: 'unstarted', message: 'ENOENT' })).error?.code).toBe('agent_crashed');
  });

  it('fits into a frame whatever was printed', () => {
    const worst = '\u0001'.repeat(2 * MAX_OUTPUT_BYTES);
    const failed = { success: false, message: worst, output: worst, files: [] };
    const end: RunEnd = { kind: 'exited', exit: { code: 1, signal: null }, verdict: failed };
    expect(JSON.stringify(resultOf(facts(end, worst))).length + 100 * 1024).toBeLessThan(MAX_FRAME_BYTES);
  });
});
