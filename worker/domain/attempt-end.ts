/** The end of an attempt within the limits, whoever sent it. Pure. */
import { MAX_ERROR_BYTES, MAX_FILES_CHANGED, MAX_OUTPUT_BYTES } from '../../shared/limits.ts';
import type { TaskResult } from '../../shared/task.ts';
import { utf8Head, utf8Length, utf8Tail } from '../../shared/utf8.ts';
import type { AttemptEnd } from '../rpc.ts';

function boundResult(result: TaskResult): TaskResult {
  const { output, filesChanged } = result;
  return {
    ...result,
    ...(output === undefined ? {} : { output: utf8Tail(output, MAX_OUTPUT_BYTES) }),
    ...(filesChanged === undefined ? {} : { filesChanged: filesChanged.slice(0, MAX_FILES_CHANGED) }),
  };
}

/** The tail of a text, where the cause of a crash stands; anything else that is too large is named by its size alone. */
function boundDetails(details: unknown): unknown {
  if (typeof details === 'string') return utf8Tail(details, MAX_OUTPUT_BYTES);
  const bytes = utf8Length(JSON.stringify(details) ?? '');
  return bytes <= MAX_OUTPUT_BYTES ? details : { truncated: true, bytes };
}

/** `output` and details keep their last `MAX_OUTPUT_BYTES`, the message its first `MAX_ERROR_BYTES`. */
export function boundEnd(end: AttemptEnd): AttemptEnd {
  if (end.kind === 'completed') return { kind: 'completed', result: boundResult(end.result) };
  return {
    ...end,
    error: utf8Head(end.error, MAX_ERROR_BYTES),
    ...(end.details === undefined ? {} : { details: boundDetails(end.details) }),
    ...(end.result === undefined ? {} : { result: boundResult(end.result) }),
  };
}
