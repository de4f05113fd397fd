import { z } from 'zod';
import { jsonValueSchema } from './json.ts';

/** The closed list of HTTP error codes and their statuses. */
export const ERROR_STATUS = {
  malformed_json: 400,
  invalid_request: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  idempotency_conflict: 409,
  task_finished: 409,
  task_not_running: 409,
  input_unsupported: 409,
  not_interactive: 409,
  no_session: 409,
  approval_decided: 409,
  host_exists: 409,
  log_expired: 410,
  limit_exceeded: 413,
  upgrade_required: 426,
  rate_limited: 429,
  queue_full: 429,
  too_many_hosts: 429,
  too_many_replacements: 429,
  internal: 500,
  not_ready: 503,
} as const satisfies Record<string, number>;

export type ErrorCode = keyof typeof ERROR_STATUS;

/** The closed list of codes in a finished task's `error.code`. */
export const FAILURE_CODES = [
  /** The agent ran and failed: it said so, or ended with a non-zero exit code or by a signal. */
  'agent_failed',
  /** The agent could not be started, or what supervised it died. */
  'agent_crashed',
  /** The task could not be given the work tree that it asks for. */
  'workspace_failed',
  /** The task's time limit was up. */
  'timeout',
  /** The agent gave no sign of life for `idleTimeout`: no output, no work of its processes. */
  'idle_timeout',
  /** Waited longer than `QUEUE_TIMEOUT_MS`. */
  'queue_timeout',
  /** Its hosts were lost `MAX_ATTEMPTS` times, or one was and `onHostLost` forbids another. */
  'host_lost',
  /** Offered `MAX_UNSTARTED_OFFERS` times, never started. */
  'start_failed',
  /** Every eligible host refused it for good; the message names the rule. */
  'refused',
  /** Its variables cannot be decrypted: the secret that they were encrypted with is no longer set. */
  'env_unreadable',
  /** Ended by `POST …/abort`. */
  'aborted',
] as const;

export const failureCodeSchema = z.enum(FAILURE_CODES);
export type FailureCode = z.infer<typeof failureCodeSchema>;

/** Why `task.error` is set. */
export const taskErrorSchema = z.object({
  code: failureCodeSchema,
  message: z.string(),
  /** What helps to find the cause: usually the tail of the agent's stderr. */
  details: jsonValueSchema.optional(),
});
export type TaskError = z.infer<typeof taskErrorSchema>;

/** The body of every HTTP error. `details` names fields or limits, never a stack. */
export const errorBodySchema = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    details: z.record(z.string(), z.unknown()).optional(),
  }),
});
export type ErrorBody = z.infer<typeof errorBodySchema>;
