import { z } from 'zod';
import { failedAttemptSchema, lateAttemptSchema, taskResultSchema } from '../../shared/task.ts';
import { utf8Head } from '../../shared/utf8.ts';
import type { TaskBody } from '../rpc.ts';

/** The large parts of a finished task, as text that fits into rows. Pure: no clock, no randomness, no storage. */

/** A body as stored: whatever has been given so far. */
export const partialBodySchema = z.object({
  prompt: z.string().optional(),
  metadata: z.record(z.string(), z.unknown()).optional(),
  result: taskResultSchema.optional(),
  errorDetails: z.unknown().optional(),
  failedAttempts: z.array(failedAttemptSchema).optional(),
  lateAttempts: z.array(lateAttemptSchema).optional(),
});

function mergeAttempts<T extends { attempt: number }>(stored: readonly T[], given: readonly T[]): T[] {
  const known = new Set(stored.map(({ attempt }) => attempt));
  return [...stored, ...given.filter(({ attempt }) => !known.has(attempt))];
}

/** `stored` with what is given in its place; failed and late attempts are added, once each. */
export function mergeBody(stored: Partial<TaskBody>, given: Partial<TaskBody>): Partial<TaskBody> {
  const failed = mergeAttempts(stored.failedAttempts ?? [], given.failedAttempts ?? []);
  const late = mergeAttempts(stored.lateAttempts ?? [], given.lateAttempts ?? []);
  return {
    prompt: given.prompt ?? stored.prompt,
    metadata: given.metadata ?? stored.metadata,
    result: given.result ?? stored.result,
    errorDetails: given.errorDetails ?? stored.errorDetails,
    failedAttempts: failed.length > 0 ? failed : undefined,
    lateAttempts: late.length > 0 ? late : undefined,
  };
}

/** A body that is complete, null while its prompt has not been given. */
export function completeBody({ prompt, ...rest }: Partial<TaskBody>): TaskBody | null {
  return prompt === undefined ? null : { prompt, ...rest };
}

/** `text` in pieces of at most `maxBytes` UTF-8 bytes that split no character; `''` is one piece. */
export function piecesOf(text: string, maxBytes: number): string[] {
  const pieces: string[] = [];
  let rest = text;
  // No UTF-16 unit takes more than three bytes: most texts need no counting.
  while (rest.length * 3 > maxBytes) {
    const head = utf8Head(rest, maxBytes);
    if (head.length === rest.length || head === '') break;
    pieces.push(head);
    rest = rest.slice(head.length);
  }
  if (rest !== '' || pieces.length === 0) pieces.push(rest);
  return pieces;
}
