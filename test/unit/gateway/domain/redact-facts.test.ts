import { describe, expect, it } from 'vitest';
import type { RunEnd, RunFacts } from '../../../../gateway/domain/outcome.ts';
import { redactFacts } from '../../../../gateway/domain/redact-facts.ts';
import { redactorOf } from '../../../../gateway/domain/redactor.ts';
import { MAX_OUTPUT_BYTES } from '../../../../shared/limits.ts';

const SECRET = 'correct horse battery';

function facts(output: string, stderrTail = '', changes: RunFacts['changes'] = {}, isCut = false): RunFacts {
  const verdict = { success: false, message: `no ${SECRET}`, output, files: [SECRET], usage: undefined };
  const exit = { code: 1, signal: null };
  const end: RunEnd = isCut ? { kind: 'cut', reason: 'abort', exit, verdict } : { kind: 'exited', exit, verdict };
  return { end, timeoutMs: 1, idleTimeoutMs: undefined, durationMs: 2, stderrTail, changes, workspace: null };
}

describe('[R23] what is known of a run', () => {
  it.each([false, true])('holds no secret, whether it was cut: %s', (isCut) => {
    const changes = { filesChanged: [`a ${SECRET}`], diff: `+${SECRET}` };
    const told = JSON.stringify(
      redactFacts(redactorOf([SECRET]), facts(`out ${SECRET}`, `err ${SECRET}`, changes, isCut)),
    );
    expect(told).not.toContain('horse');
    expect(told).toContain('err [redacted]');
    expect(told).toContain('+[redacted]');
  });

  it('holds no part of one where a text was cut, and all of a text that was not', () => {
    const long = `horse battery${'x'.repeat(MAX_OUTPUT_BYTES)}`;
    const cut = redactFacts(redactorOf([SECRET]), facts(long, long, { diff: '+correct hor', diffTruncated: true }));
    expect(cut.end).toMatchObject({ verdict: { output: expect.stringMatching(/^\[redacted\]x/) } });
    expect(cut.stderrTail).toMatch(/^\[redacted\]x/);
    expect(cut.changes.diff).toBe('+');
    const whole = redactFacts(redactorOf([SECRET]), facts('horse battery', '', { diff: '+correct hor' }));
    expect(whole).toMatchObject({ end: { verdict: { output: 'horse battery' } }, changes: { diff: '+correct hor' } });
  });
});
