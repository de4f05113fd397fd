/** The end of an attempt within the limits, whoever sent it. Pure. */
import { cutDiff, withoutDiff } from '../../shared/diff.ts';
import {
  MAX_DIFF_BYTES,
  MAX_ERROR_BYTES,
  MAX_FILES_CHANGED,
  MAX_KEPT_FAILURE_BYTES,
  MAX_OUTPUT_BYTES,
} from '../../shared/limits.ts';
import type { FailedAttempt, TaskResult } from '../../shared/task.ts';
import { utf8Head, utf8Length, utf8Tail } from '../../shared/utf8.ts';
import type { AttemptEnd } from '../rpc.ts';

function boundDiff(text: string): Pick<TaskResult, 'diff' | 'diffTruncated'> {
  const { diff, truncated } = cutDiff(text, MAX_DIFF_BYTES);
  return truncated ? { diff, diffTruncated: true } : { diff };
}

function boundResult(result: TaskResult): TaskResult {
  const { output, filesChanged, diff } = result;
  return {
    ...result,
    ...(diff === undefined ? {} : boundDiff(diff)),
    ...(output === undefined ? {} : { output: utf8Tail(output, MAX_OUTPUT_BYTES) }),
    ...(filesChanged === undefined ? {} : { filesChanged: filesChanged.slice(0, MAX_FILES_CHANGED) }),
  };
}

/** The tail of a text, where the cause of a crash stands; anything else that is too large is named by its size alone. */
function boundDetails(details: unknown, max: number): unknown {
  if (typeof details === 'string') return utf8Tail(details, max);
  const bytes = utf8Length(JSON.stringify(details) ?? '');
  return bytes <= max ? details : { truncated: true, bytes };
}

/** `output` and details keep their last `MAX_OUTPUT_BYTES`, the message its first `MAX_ERROR_BYTES`. */
export function boundEnd(end: AttemptEnd): AttemptEnd {
  if (end.kind === 'completed') return { kind: 'completed', result: boundResult(end.result) };
  return {
    ...end,
    error: utf8Head(end.error, MAX_ERROR_BYTES),
    ...(end.details === undefined ? {} : { details: boundDetails(end.details, MAX_OUTPUT_BYTES) }),
    ...(end.result === undefined ? {} : { result: boundResult(end.result) }),
  };
}

/** The first of the names that take at most `max` bytes together. */
function boundNames(names: readonly string[], max: number): string[] {
  let bytes = 0;
  const tooMany = names.findIndex((name) => {
    bytes += utf8Length(name);
    return bytes > max;
  });
  return tooMany === -1 ? [...names] : names.slice(0, tooMany);
}

/** As it is kept beside a task that is tried again: `MAX_KEPT_FAILURE_BYTES` of each of its texts. */
export function boundFailure({ error, result, ...rest }: FailedAttempt): FailedAttempt {
  const { output, filesChanged } = result ?? {};
  return {
    ...rest,
    error: {
      code: error.code,
      message: utf8Head(error.message, MAX_KEPT_FAILURE_BYTES),
      ...(error.details === undefined ? {} : { details: boundDetails(error.details, MAX_KEPT_FAILURE_BYTES) }),
    },
    ...(result === undefined
      ? {}
      : {
          result: {
            ...withoutDiff(result),
            ...(output === undefined ? {} : { output: utf8Tail(output, MAX_KEPT_FAILURE_BYTES) }),
            ...(filesChanged === undefined ? {} : { filesChanged: boundNames(filesChanged, MAX_KEPT_FAILURE_BYTES) }),
          },
        }),
  };
}
