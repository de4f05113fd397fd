import { z } from 'zod';
import { approvalDecisionSchema } from '../../shared/approval.ts';
import { taskErrorSchema } from '../../shared/errors.ts';
import { gatewayConfigSchema } from '../../shared/host.ts';
import { runRefSchema } from '../../shared/protocol/run-ref.ts';
import { failedAttemptSchema, lateAttemptSchema, taskResultSchema, taskStatusSchema } from '../../shared/task.ts';
import type { BodyPatch, Owed } from '../domain/pool-effects.ts';

/** The columns of SchedulerDO's tables that hold JSON, as they are read back. */

/** What the client asked for, as far as only the agent and the client need it. The variables go when the task ends. */
export const requestBodySchema = z.object({
  prompt: z.string(),
  metadata: z.record(z.string(), z.unknown()).optional(),
  /** The task's variables, encrypted. */
  sealedEnv: z.string().optional(),
  /** The same in the clear, as a row of before they were encrypted has them. */
  env: z.record(z.string(), z.string()).optional(),
});
export type RequestBody = z.infer<typeof requestBodySchema>;

export const outcomeBodySchema = z.object({
  result: taskResultSchema.optional(),
  errorDetails: z.unknown().optional(),
  failedAttempts: z.array(failedAttemptSchema).optional(),
  lateAttempts: z.array(lateAttemptSchema).optional(),
});
export type OutcomeBody = z.infer<typeof outcomeBodySchema>;

/** What came of an attempt replaces what was known of it; undefined when there is nothing of any. */
function mergeAttempts<T extends { attempt: number }>(before: T[] = [], given: T[] = []): T[] | undefined {
  const known = before.filter(({ attempt }) => !given.some((newer) => newer.attempt === attempt));
  const merged = [...known, ...given];
  return merged.length === 0 ? undefined : merged;
}

export function patchOutcome(before: OutcomeBody, patch: BodyPatch): OutcomeBody {
  return {
    result: patch.result ?? before.result,
    errorDetails: patch.errorDetails ?? before.errorDetails,
    failedAttempts: mergeAttempts(before.failedAttempts, patch.failedAttempts),
    lateAttempts: mergeAttempts(before.lateAttempts, patch.lateAttempts),
  };
}

const statusRecordSchema = z.object({
  rev: z.int(),
  at: z.int(),
  attempt: z.int(),
  status: taskStatusSchema,
  hostId: z.string().optional(),
  reason: z.string().optional(),
  error: taskErrorSchema.optional(),
});

export const owedSchema: z.ZodType<Owed> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('status'), log: z.string(), taskId: z.string(), record: statusRecordSchema }),
  z.object({ kind: z.literal('archive'), log: z.string(), taskId: z.string() }),
  z.object({ kind: z.literal('abort'), hostId: z.string(), run: runRefSchema }),
  z.object({ kind: z.literal('release'), hostId: z.string(), run: runRefSchema }),
  z.object({
    kind: z.literal('input'),
    hostId: z.string(),
    run: runRefSchema,
    inputId: z.string(),
    content: z.string(),
    signal: z
      .union([z.object({ approvalId: z.string(), decision: approvalDecisionSchema }), z.literal('finish')])
      .optional(),
  }),
  z.object({ kind: z.literal('configure'), hostId: z.string(), config: gatewayConfigSchema.partial() }),
  z.object({ kind: z.literal('drop'), hostId: z.string(), epoch: z.int() }),
]);
