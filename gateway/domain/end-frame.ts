/** Pure: no clock, no randomness, no I/O. The result of a run as a terminal frame that is small enough to be sent. */
import { cutDiff } from '../../shared/diff.ts';
import type { TaskError } from '../../shared/errors.ts';
import {
  MAX_DIFF_BYTES,
  MAX_ERROR_BYTES,
  MAX_FILES_CHANGED,
  MAX_FRAME_BYTES,
  MAX_OUTPUT_BYTES,
} from '../../shared/limits.ts';
import type { RunRef } from '../../shared/protocol/run-ref.ts';
import type { UpV1, UpV2 } from '../../shared/protocol/up.ts';
import { type TaskResult, taskResultV1Schema } from '../../shared/task.ts';
import { utf8Head, utf8Length, utf8Tail } from '../../shared/utf8.ts';

/** How a run ended, as its supervisor wrote it. */
export interface RunEnd {
  lastSeq: number;
  result: TaskResult;
  error?: TaskError | undefined;
}

export type EndFrame = Extract<UpV1 | UpV2, { type: 'task:completed' | 'task:failed' }>;

function headOfList(paths: readonly string[], maxBytes: number): string[] {
  let bytes = 0;
  return paths.slice(0, MAX_FILES_CHANGED).filter((path) => {
    bytes += utf8Length(path);
    return bytes <= maxBytes;
  });
}

function shrinkDiff(text: string, maxBytes: number): Pick<TaskResult, 'diff' | 'diffTruncated'> {
  const { diff, truncated } = cutDiff(text, Math.min(maxBytes, MAX_DIFF_BYTES));
  return truncated ? { diff, diffTruncated: true } : { diff };
}

function shrinkResult(result: TaskResult, maxBytes: number): TaskResult {
  const { output, filesChanged, diff } = result;
  return {
    ...result,
    ...(output === undefined ? {} : { output: utf8Tail(output, Math.min(maxBytes, MAX_OUTPUT_BYTES)) }),
    ...(filesChanged === undefined ? {} : { filesChanged: headOfList(filesChanged, maxBytes) }),
    ...(diff === undefined ? {} : shrinkDiff(diff, maxBytes)),
  };
}

/** The tail of each text in it, where the cause usually stands; what is neither text nor a record of texts goes when too large. */
function shrinkDetails(details: unknown, maxBytes: number): unknown {
  if (typeof details === 'string') return utf8Tail(details, Math.min(maxBytes, MAX_OUTPUT_BYTES));
  if (utf8Length(JSON.stringify(details) ?? '') <= Math.min(maxBytes, MAX_OUTPUT_BYTES)) return details;
  if (typeof details !== 'object' || details === null || Array.isArray(details)) return { truncated: true };
  const texts = Object.entries(details).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  const share = Math.floor(Math.min(maxBytes, MAX_OUTPUT_BYTES) / Math.max(1, texts.length));
  return { ...Object.fromEntries(texts.map(([key, text]) => [key, utf8Tail(text, share)])), truncated: true };
}

function buildV1(ref: RunRef, end: RunEnd, whole: TaskResult, details: unknown): EndFrame {
  const { taskId } = ref;
  const result = taskResultV1Schema.parse(whole);
  // Version 1 has no field for a failed agent's result but `task:completed`: an agent that ended by itself keeps it so.
  if (end.error === undefined || (end.error.code === 'agent_failed' && result.exitCode === 0))
    return { type: 'task:completed', taskId, result };
  const error = utf8Head(end.error.message, MAX_ERROR_BYTES);
  return { type: 'task:failed', taskId, error, ...(details === undefined ? {} : { details }) };
}

function buildV2(ref: RunRef, end: RunEnd, result: TaskResult, details: unknown): EndFrame {
  const run = { taskId: ref.taskId, attempt: ref.attempt, seq: end.lastSeq };
  if (end.error === undefined) return { type: 'task:completed', ...run, result };
  const error = utf8Head(end.error.message, MAX_ERROR_BYTES);
  const { code } = end.error;
  return { type: 'task:failed', ...run, code, error, ...(details === undefined ? {} : { details }), result };
}

/**
 * The terminal frame of a run for a server of this protocol version. Output and details are cut to their limits, and further
 * as far as it takes for the frame to fit into `MAX_FRAME_BYTES`: a result is shortened, never lost.
 */
export function endFrame(protocol: 1 | 2, ref: RunRef, end: RunEnd): EndFrame {
  const build = protocol === 1 ? buildV1 : buildV2;
  for (let maxBytes = MAX_FRAME_BYTES; ; maxBytes = Math.floor(maxBytes / 2)) {
    const details = end.error?.details === undefined ? undefined : shrinkDetails(end.error.details, maxBytes);
    const frame = build(ref, end, shrinkResult(end.result, maxBytes), details);
    if (maxBytes === 0 || utf8Length(JSON.stringify(frame)) <= MAX_FRAME_BYTES) return frame;
  }
}
