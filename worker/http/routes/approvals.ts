import type { Context, Hono } from 'hono';
import { type ApprovalList, decideApprovalSchema } from '../../../shared/api/approvals.ts';
import { approvalIdSchema } from '../../../shared/approval.ts';
import { audited } from '../audit.ts';
import { allow, authenticate } from '../auth.ts';
import { readJson } from '../body.ts';
import type { AppEnv } from '../context.ts';
import { notFound, refusalOf } from '../errors.ts';
import { taskIdParam } from '../params.ts';
import { resource } from '../resource.ts';
import { retrying } from '../retry.ts';
import { ownTask } from '../scope.ts';

const mayUseTasks = [authenticate, allow('client', 'admin')];

function approvalIdParam(c: Context<AppEnv>): string {
  const id = approvalIdSchema.safeParse(c.req.param('approvalId'));
  if (!id.success) throw notFound('approval');
  return id.data;
}

async function list(c: Context<AppEnv>): Promise<Response> {
  const id = taskIdParam(c);
  const scheduler = () => c.get('objects').scheduler(c.get('claims').pool);
  const approvals = await retrying(() => scheduler().listApprovals(id));
  if (approvals === null) throw notFound('task');
  const body: ApprovalList = { approvals };
  return Response.json(body);
}

/** 200 the approval. A repeat of the same decision changes nothing, so it may be tried again. */
async function decide(c: Context<AppEnv>): Promise<Response> {
  const id = taskIdParam(c);
  const approvalId = approvalIdParam(c);
  const { decision } = await readJson(c.req.raw, decideApprovalSchema);
  const { pool, sub } = c.get('claims');
  const scheduler = () => c.get('objects').scheduler(pool);
  const reply = await retrying(() => scheduler().decideApproval(id, approvalId, decision, sub));
  if (reply.kind === 'error') throw refusalOf(reply);
  return Response.json(reply.approval);
}

export function approvalRoutes(app: Hono<AppEnv>): void {
  resource(app, '/api/tasks/:id/approvals', { GET: [...mayUseTasks, ownTask, list] });
  resource(app, '/api/tasks/:id/approvals/:approvalId', {
    POST: [authenticate, audited('approval.decide'), allow('client', 'admin'), ownTask, decide],
  });
}
