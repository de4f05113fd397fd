import { z } from 'zod';
import { hostIdSchema } from '../ids.ts';
import { DEFAULT_AUDIT_PAGE, DEFAULT_TOKEN_SECONDS, MAX_AUDIT_PAGE, MAX_TOKEN_SECONDS } from '../limits.ts';
import { nameSchema } from '../task.ts';
import { ROLES } from '../token.ts';
import { pageSize, queryInteger } from './query.ts';

/** Life of a host token, s. */
const tokenSecondsSchema = z.int().min(1).max(MAX_TOKEN_SECONDS).default(DEFAULT_TOKEN_SECONDS);

/** `POST /api/hosts/:id/tokens`; the body may be absent. */
export const hostTokenBodySchema = z.strictObject({ expiresIn: tokenSecondsSchema });

export const hostTokenSchema = z.object({
  token: z.string(),
  /** Its `jti`: what `DELETE /api/tokens/:tokenId` takes. */
  tokenId: z.string(),
  /** ms since the epoch. */
  expiresAt: z.int(),
});
export type HostToken = z.infer<typeof hostTokenSchema>;

/** `POST /api/enrolments`; the body may be absent. */
export const enrolmentBodySchema = z.strictObject({
  /** The one host that the code is for; absent: any that the pool does not know yet. */
  hostId: hostIdSchema.optional(),
  expiresIn: tokenSecondsSchema,
});

export const enrolmentSchema = z.object({
  code: z.string(),
  /** ms since the epoch; of the code. */
  expiresAt: z.int(),
});
export type Enrolment = z.infer<typeof enrolmentSchema>;

/** `POST /api/enroll`; the code is what stands for a token here. */
export const enrollBodySchema = z.strictObject({
  code: z.string().min(1).max(200),
  /** Must be the one that the code names. */
  hostId: hostIdSchema.optional(),
  /** Taken where neither the code nor `hostId` says another. */
  suggestedHostId: hostIdSchema.optional(),
});

export const enrolledSchema = hostTokenSchema.extend({ hostId: hostIdSchema, pool: z.string() });
export type Enrolled = z.infer<typeof enrolledSchema>;

/** What an audit entry can be about. */
export const AUDIT_ACTIONS = [
  'task.create',
  'task.abort',
  'task.input',
  'task.finish',
  'approval.decide',
  'host.configure',
  'host.connect',
  'host-tokens.create',
  'host-tokens.revoke',
  'token.renew',
  'token.revoke',
  'enrolment.create',
  'enrolment.redeem',
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** Who did what to what, and how it ended. Never a secret, a prompt or a value of a variable. */
export const auditRecordSchema = z.object({
  /** ms since the epoch. */
  at: z.int(),
  /** `x-request-id` of the answer. */
  requestId: z.string(),
  action: z.enum(AUDIT_ACTIONS),
  /** Id of the task, host or token; absent where nothing was made. */
  target: z.string().optional(),
  /** `jti` of the token that was made. */
  made: z.string().optional(),
  /** `ok`, or the code of the error. */
  outcome: z.string(),
  sub: nameSchema,
  role: z.enum([...ROLES, 'enrolment']),
  /** `jti` of the token, where it has one. */
  tokenId: z.string().optional(),
  ip: z.string(),
});
export type AuditRecord = z.infer<typeof auditRecordSchema>;

/** `seq` counts a pool's records, in the order in which they were written. */
export const auditEntrySchema = auditRecordSchema.extend({ seq: z.int() });
export type AuditEntry = z.infer<typeof auditEntrySchema>;

/** `GET /api/audit`. */
export const auditQuerySchema = z.strictObject({
  /** `nextCursor` of the page before. */
  cursor: queryInteger(1).optional(),
  limit: pageSize(DEFAULT_AUDIT_PAGE, MAX_AUDIT_PAGE),
  action: z.enum(AUDIT_ACTIONS).optional(),
  sub: nameSchema.optional(),
  target: nameSchema.optional(),
});
export type AuditQuery = z.infer<typeof auditQuerySchema>;

/** Newest first. */
export const auditPageSchema = z.object({ entries: z.array(auditEntrySchema), nextCursor: z.string().nullable() });
export type AuditPage = z.infer<typeof auditPageSchema>;
