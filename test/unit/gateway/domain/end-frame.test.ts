import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { endFrame, type RunEnd } from '../../../../gateway/domain/end-frame.ts';
import { FAILURE_CODES } from '../../../../shared/errors.ts';
import { MAX_FRAME_BYTES, MAX_OUTPUT_BYTES } from '../../../../shared/limits.ts';
import { upV1Schema, upV2Schema } from '../../../../shared/protocol/up.ts';
import { utf8Length } from '../../../../shared/utf8.ts';

const ref = { taskId: 't', attempt: 2 };
const done: RunEnd = { lastSeq: 7, result: { success: true, exitCode: 0, output: 'fine', duration: 5 } };

function failed(code: RunEnd['error'], result: RunEnd['result'] = { success: false }): RunEnd {
  return { lastSeq: 7, result, error: code };
}

describe('the end of a run', () => {
  test('success, in both versions', () => {
    expect(endFrame(1, ref, done)).toEqual({ type: 'task:completed', taskId: 't', result: done.result });
    expect(endFrame(2, ref, done)).toEqual({ type: 'task:completed', ...ref, seq: 7, result: done.result });
  });

  test('[C1] what it took is said in version 2 alone', () => {
    const usage = { inputTokens: 100, outputTokens: 20, costUsd: 0.01 };
    const counted: RunEnd = { ...done, result: { ...done.result, usage } };
    expect(endFrame(1, ref, counted)).toEqual(endFrame(1, ref, done));
    expect(endFrame(2, ref, counted)).toMatchObject({ result: { ...done.result, usage } });
  });

  test('version 2 says code, details and result of a failure', () => {
    const end = failed({ code: 'agent_failed', message: 'exit 3', details: 'stderr' }, { success: false, exitCode: 3 });
    expect(endFrame(2, ref, end)).toEqual({
      type: 'task:failed',
      ...ref,
      seq: 7,
      code: 'agent_failed',
      error: 'exit 3',
      details: 'stderr',
      result: { success: false, exitCode: 3 },
    });
  });

  test('[C1] version 1: an agent that ended by itself and failed has completed without success; others have failed', () => {
    const said = failed({ code: 'agent_failed', message: 'it said so' }, { success: false, exitCode: 0 });
    expect(endFrame(1, ref, said)).toMatchObject({ type: 'task:completed', result: { success: false } });
    const crashed = failed(
      { code: 'agent_failed', message: 'exit 3', details: 'why' },
      { success: false, exitCode: 3 },
    );
    expect(endFrame(1, ref, crashed)).toEqual({ type: 'task:failed', taskId: 't', error: 'exit 3', details: 'why' });
    expect(endFrame(1, ref, failed({ code: 'timeout', message: 'time is up' }))).toMatchObject({ type: 'task:failed' });
  });
});

test('[L4] however large the result, the frame fits, passes the schema, and keeps the tail of the output', () => {
  const huge = fc.oneof(
    fc.string({ maxLength: 200 }),
    fc.constantFrom('\u0000', '"', 'ü', '😀', '\\', 'a').map((unit) => unit.repeat(400_000)),
  );
  const end = fc.record(
    {
      result: fc.record(
        {
          success: fc.constant(false),
          output: huge,
          filesChanged: fc.oneof(fc.array(huge, { maxLength: 5 }), fc.constant(Array(3000).fill('p'.repeat(4000)))),
        },
        { requiredKeys: ['success'] },
      ),
      error: fc.record(
        {
          code: fc.constantFrom(...FAILURE_CODES),
          message: huge,
          details: fc.oneof(huge, fc.record({ stderr: huge, stdout: huge }), fc.array(huge, { maxLength: 4 })),
        },
        { requiredKeys: ['code', 'message'] },
      ),
      lastSeq: fc.nat(),
    },
    { requiredKeys: ['result', 'error', 'lastSeq'] },
  );
  fc.assert(
    fc.property(fc.constantFrom(1 as const, 2 as const), end, (protocol, run) => {
      const frame = endFrame(protocol, ref, run);
      expect(utf8Length(JSON.stringify(frame))).toBeLessThanOrEqual(MAX_FRAME_BYTES);
      expect((protocol === 1 ? upV1Schema : upV2Schema).safeParse(frame).success).toBe(true);
      const output = 'result' in frame ? frame.result?.output : undefined;
      if (output !== undefined) {
        expect(utf8Length(output)).toBeLessThanOrEqual(MAX_OUTPUT_BYTES);
        expect(run.result.output?.endsWith(output)).toBe(true);
      }
    }),
    { numRuns: 40 },
  );
});
