import { z } from 'zod';
import { approvalDecisionSchema, approvalSchema } from '../approval.ts';

/** `GET /api/tasks/:id/approvals`: oldest first. */
export const approvalListSchema = z.object({ approvals: z.array(approvalSchema) });
export type ApprovalList = z.infer<typeof approvalListSchema>;

/** `POST /api/tasks/:id/approvals/:approvalId`. */
export const decideApprovalSchema = z.strictObject({ decision: approvalDecisionSchema });
