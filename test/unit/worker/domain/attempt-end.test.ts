import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  MAX_ERROR_BYTES,
  MAX_FILES_CHANGED,
  MAX_KEPT_FAILURE_BYTES,
  MAX_OUTPUT_BYTES,
} from '../../../../shared/limits.ts';
import { utf8Length } from '../../../../shared/utf8.ts';
import { boundEnd, boundFailure } from '../../../../worker/domain/attempt-end.ts';

test('[C2] output keeps its last 64 KiB, on a whole character', () => {
  const output = `start ${'ü'.repeat(MAX_OUTPUT_BYTES)} end`;
  const end = boundEnd({ kind: 'completed', result: { success: true, output } });
  const kept = end.result?.output ?? '';
  expect(utf8Length(kept)).toBeLessThanOrEqual(MAX_OUTPUT_BYTES);
  expect(utf8Length(kept)).toBeGreaterThan(MAX_OUTPUT_BYTES - 2);
  expect(output.endsWith(kept)).toBe(true);
});

test('details keep their tail, other values are named by their size', () => {
  const crash = boundEnd({ kind: 'failed', error: 'x'.repeat(100_000), details: `a${'b'.repeat(MAX_OUTPUT_BYTES)}c` });
  if (crash.kind !== 'failed') throw new Error('not failed');
  expect(crash.error).toHaveLength(MAX_ERROR_BYTES);
  expect(crash.details).toBe(`${'b'.repeat(MAX_OUTPUT_BYTES - 1)}c`);
  const list = boundEnd({ kind: 'failed', error: 'x', details: Array.from({ length: 40_000 }, () => 1) });
  expect(list).toMatchObject({ details: { truncated: true, bytes: 80_001 } });
});

test('the list of files is bounded', () => {
  const filesChanged = Array.from({ length: MAX_FILES_CHANGED + 1 }, (_, index) => `${index}`);
  expect(boundEnd({ kind: 'completed', result: { success: true, filesChanged } }).result?.filesChanged).toHaveLength(
    MAX_FILES_CHANGED,
  );
});

test('what is within the limits stays as it is', () => {
  const result = fc.record({ success: fc.boolean(), output: fc.string(), exitCode: fc.integer() });
  fc.assert(
    fc.property(result, fc.string(), fc.jsonValue(), (given, error, details) => {
      const completed = { kind: 'completed' as const, result: given };
      expect(boundEnd(completed)).toEqual(completed);
      const failed = { kind: 'failed' as const, error, details, result: given };
      expect(boundEnd(failed)).toEqual(failed);
    }),
  );
});

test('[R9] a failed attempt is kept with the end of what it said and the first of its files', () => {
  const max = MAX_KEPT_FAILURE_BYTES;
  const kept = boundFailure({
    attempt: 1,
    hostId: 'h',
    at: 1,
    error: { code: 'agent_failed', message: `a${'b'.repeat(max)}`, details: `${'b'.repeat(max)}c` },
    result: { success: false, output: `${'b'.repeat(max)}c`, filesChanged: ['a', 'b'.repeat(max - 1), 'c'] },
  });
  const tail = `${'b'.repeat(max - 1)}c`;
  expect(kept).toMatchObject({ attempt: 1, hostId: 'h', at: 1 });
  expect(kept.error).toEqual({ code: 'agent_failed', message: `a${'b'.repeat(max - 1)}`, details: tail });
  expect(kept.result).toEqual({ success: false, output: tail, filesChanged: ['a', 'b'.repeat(max - 1)] });
  const small = { attempt: 1, hostId: 'h', at: 1, error: { code: 'agent_crashed' as const, message: 'm' } };
  expect(boundFailure(small)).toEqual(small);
});
