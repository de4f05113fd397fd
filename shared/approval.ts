import { z } from 'zod';
import type { AgentEvent } from './event.ts';
import {
  MAX_APPROVAL_ID_BYTES,
  MAX_APPROVAL_PATHS,
  MAX_APPROVAL_TEXT_BYTES,
  MAX_APPROVAL_TIMEOUT_MS,
  MAX_PATH_BYTES,
  MIN_APPROVAL_TIMEOUT_MS,
} from './limits.ts';
import { boundedString } from './utf8-schema.ts';

/**
 * What happens when the agent asks whether it may do something:
 * - `auto`, the default: it may, as far as the host's owner has not said otherwise. An unattended task must not hang.
 * - `ask`: somebody is asked.
 * - `deny`: it may not.
 */
export const permissionsSchema = z.enum(['auto', 'ask', 'deny']);
export type Permissions = z.infer<typeof permissionsSchema>;

/** ms for an answer; without one the agent is denied. */
export const approvalTimeoutSchema = z
  .int('must be a whole number of milliseconds')
  .min(MIN_APPROVAL_TIMEOUT_MS, `must be at least ${MIN_APPROVAL_TIMEOUT_MS} ms`)
  .max(MAX_APPROVAL_TIMEOUT_MS, `must be at most ${MAX_APPROVAL_TIMEOUT_MS} ms`);

/** `allow_always`: the like too, for as long as the agent remembers it. */
export const approvalDecisionSchema = z.enum(['allow', 'allow_always', 'deny']);
export type ApprovalDecision = z.infer<typeof approvalDecisionSchema>;

/** Made by the host, unique within the task's attempt, and safe in a URL. */
export const approvalIdSchema = boundedString('MAX_APPROVAL_ID_BYTES', MAX_APPROVAL_ID_BYTES).regex(
  /^[A-Za-z0-9][A-Za-z0-9._-]*$/,
  'is not the id of an approval',
);

const textSchema = boundedString('MAX_APPROVAL_TEXT_BYTES', MAX_APPROVAL_TEXT_BYTES);

/** The exact action that the agent asks about. */
export const approvalActionSchema = z.object({
  /** The agent's own name for the kind of thing: over ACP its kind: `execute`, `edit`, `fetch` … */
  tool: textSchema,
  /** One line for a person. */
  title: textSchema,
  command: textSchema.optional(),
  paths: z.array(boundedString('MAX_PATH_BYTES', MAX_PATH_BYTES)).max(MAX_APPROVAL_PATHS).optional(),
  /** Unified, or as the agent gives it. */
  diff: textSchema.optional(),
});
export type ApprovalAction = z.infer<typeof approvalActionSchema>;

/** What an event of the agent's log says of an approval, in `data.approval`: it travels and is kept as every event is. */
export const approvalNoteSchema = z.discriminatedUnion('state', [
  z.object({
    state: z.literal('asked'),
    id: approvalIdSchema,
    action: approvalActionSchema,
    options: z.array(approvalDecisionSchema).min(1),
  }),
  /** Nobody's answer is wanted any more: the agent has it, or has given up asking. */
  z.object({ state: z.literal('closed'), id: approvalIdSchema }),
]);
export type ApprovalNote = z.infer<typeof approvalNoteSchema>;

const notedSchema = z.object({ approval: approvalNoteSchema });

/** The note in an event, or null. */
export function approvalNoteOf({ data }: Pick<AgentEvent, 'data'>): ApprovalNote | null {
  if (typeof data !== 'object' || data === null || !('approval' in data)) return null;
  const noted = notedSchema.safeParse(data);
  return noted.success ? noted.data.approval : null;
}

export const APPROVAL_STATUSES = [
  'pending',
  'allowed',
  'denied',
  /** Denied, for nobody answered in time. */
  'expired',
  /** The agent has given up asking. */
  'withdrawn',
] as const;

/** As the API shows it; times are ms since the epoch, by the server's clock. */
export const approvalSchema = z.object({
  id: approvalIdSchema,
  attempt: z.int(),
  status: z.enum(APPROVAL_STATUSES),
  action: approvalActionSchema,
  options: z.array(approvalDecisionSchema),
  askedAt: z.int(),
  expiresAt: z.int(),
  decision: approvalDecisionSchema.optional(),
  decidedAt: z.int().optional(),
  /** `sub` of the token that decided. */
  decidedBy: z.string().optional(),
});
export type Approval = z.infer<typeof approvalSchema>;
