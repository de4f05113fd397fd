import { z } from 'zod';
import { auditQuerySchema } from '../../../shared/api/access.ts';
import { lastEventIdSchema, readLogSchema } from '../../../shared/api/log.ts';
import { idempotencyKeySchema, listTasksSchema } from '../../../shared/api/tasks.ts';
import type { ErrorCode } from '../../../shared/errors.ts';
import { hostIdSchema } from '../../../shared/ids.ts';
import type { Role } from '../../../shared/token.ts';
import type { ReplyName, RequestName } from './schemas.ts';

/** One call of the API as data. `errors`: those of its own, beside what every call of its kind may answer. */
export interface Operation {
  /** What clients that are made of the document call it; it stays. */
  id: string;
  does: string;
  /** Whose token; absent: no token. */
  roles?: readonly Role[];
  query?: z.ZodType;
  /** Request headers beside `Authorization`. */
  headers?: z.ZodType;
  body?: { schema: RequestName; required: boolean };
  replies: Readonly<Record<number, Reply>>;
  errors?: readonly ErrorCode[];
}

export interface Reply {
  says: string;
  /** The JSON that it carries. */
  schema?: ReplyName;
  /** Another type than JSON that it can have. */
  type?: string;
  /** Headers of its own. */
  headers?: Readonly<Record<string, string>>;
}

const CLIENTS = ['client', 'admin'] as const;
const ADMINS = ['admin'] as const;
const NO_CONTENT: Operation['replies'] = { 204: { says: 'done' } };

function answers(status: number, schema: ReplyName, says: string): Operation['replies'] {
  return { [status]: { says, schema } };
}

/** Every call, under its method and path as `docs/api.md` and the routes have them. */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  'POST /api/tasks': {
    id: 'createTask',
    does: 'Create a task',
    roles: CLIENTS,
    headers: z.object({
      'Idempotency-Key': idempotencyKeySchema.optional().describe('a repeat within 24 hours answers the first task'),
    }),
    body: { schema: 'CreateTask', required: true },
    replies: {
      201: {
        says: 'the task',
        schema: 'Task',
        headers: { Location: 'the path of the task', 'Idempotent-Replayed': 'true for the first task of a key, again' },
      },
    },
    errors: ['idempotency_conflict', 'queue_full', 'no_session'],
  },
  'GET /api/tasks': {
    id: 'listTasks',
    does: 'List tasks, newest first',
    roles: CLIENTS,
    query: listTasksSchema,
    replies: answers(200, 'TaskList', 'a page'),
  },
  'GET /api/tasks/:id': {
    id: 'getTask',
    does: 'Read a task',
    roles: CLIENTS,
    replies: answers(200, 'Task', 'the task'),
    errors: ['not_found'],
  },
  'POST /api/tasks/:id/abort': {
    id: 'abortTask',
    does: 'End a task',
    roles: CLIENTS,
    replies: answers(202, 'Ok', 'it ends'),
    errors: ['not_found', 'task_finished'],
  },
  'POST /api/tasks/:id/input': {
    id: 'inputTask',
    does: 'Give text to the running agent',
    roles: CLIENTS,
    body: { schema: 'TaskInput', required: true },
    replies: answers(202, 'Ok', 'it is on its way'),
    errors: ['not_found', 'task_not_running', 'input_unsupported'],
  },
  'POST /api/tasks/:id/finish': {
    id: 'finishTask',
    does: 'Let an interactive agent end with its turn',
    roles: CLIENTS,
    replies: answers(202, 'Ok', 'it is on its way'),
    errors: ['not_found', 'task_not_running', 'not_interactive'],
  },
  'GET /api/tasks/:id/approvals': {
    id: 'listApprovals',
    does: 'List what the agent of a running task asks, and what was answered',
    roles: CLIENTS,
    replies: answers(200, 'ApprovalList', 'oldest first'),
    errors: ['not_found'],
  },
  'POST /api/tasks/:id/approvals/:approvalId': {
    id: 'decideApproval',
    does: 'Answer what the agent asks',
    roles: CLIENTS,
    body: { schema: 'ApprovalDecision', required: true },
    replies: answers(200, 'Approval', 'the approval'),
    errors: ['not_found', 'approval_decided'],
  },
  'GET /api/tasks/:id/events': {
    id: 'readLog',
    does: 'Read or follow the log of a task: a page, server-sent events by their Accept, or a WebSocket by an upgrade',
    roles: CLIENTS,
    query: readLogSchema,
    headers: z.object({
      'Last-Event-ID': lastEventIdSchema.optional().describe('the seq after which a stream goes on; wins over after'),
    }),
    replies: {
      101: { says: 'a WebSocket: one LogEntry in each text frame, close 1000 after the last one' },
      200: { says: 'a page, or a stream whose data are LogEntry', schema: 'LogPage', type: 'text/event-stream' },
      204: { says: 'a stream that has come back after its end' },
    },
    errors: ['not_found', 'log_expired'],
  },
  'GET /api/hosts': {
    id: 'listHosts',
    does: 'List the hosts',
    roles: CLIENTS,
    replies: answers(200, 'HostList', 'all of the pool'),
  },
  'GET /api/hosts/:id': {
    id: 'getHost',
    does: 'Read a host, as its connection sees it now',
    roles: CLIENTS,
    replies: answers(200, 'Host', 'the host'),
    errors: ['invalid_request', 'not_found'],
  },
  'PATCH /api/hosts/:id/config': {
    id: 'patchHostConfig',
    does: "Change a host's configuration",
    roles: ADMINS,
    body: { schema: 'HostConfigPatch', required: true },
    replies: answers(200, 'HostConfig', 'the merged configuration'),
    errors: ['not_found'],
  },
  'POST /api/hosts/:id/tokens': {
    id: 'createHostToken',
    does: 'Make a host token',
    roles: ADMINS,
    body: { schema: 'HostTokenOrder', required: false },
    replies: answers(201, 'HostToken', 'the token; it is not shown again'),
  },
  'DELETE /api/hosts/:id/tokens': {
    id: 'revokeHostTokens',
    does: 'Revoke all tokens of a host',
    roles: ADMINS,
    replies: NO_CONTENT,
    errors: ['invalid_request'],
  },
  'DELETE /api/tokens/:tokenId': {
    id: 'revokeToken',
    does: 'Revoke one token, of any role',
    roles: ADMINS,
    replies: NO_CONTENT,
    errors: ['invalid_request', 'limit_exceeded'],
  },
  'POST /api/enrolments': {
    id: 'createEnrolment',
    does: 'Make a code that one machine exchanges for its host token',
    roles: ADMINS,
    body: { schema: 'EnrolmentOrder', required: false },
    replies: answers(201, 'Enrolment', 'the code'),
  },
  'POST /api/enroll': {
    id: 'enroll',
    does: 'Exchange a code for a host token',
    body: { schema: 'Enroll', required: true },
    replies: answers(201, 'Enrolled', 'the token; it is not shown again'),
    errors: ['unauthorized', 'rate_limited', 'host_exists'],
  },
  'GET /api/audit': {
    id: 'readAudit',
    does: 'Read who did what, newest first',
    roles: ADMINS,
    query: auditQuerySchema,
    replies: answers(200, 'AuditPage', 'a page'),
  },
  'GET /agent/ws': {
    id: 'connectHost',
    does: 'Connect as a host',
    roles: ['host'],
    query: z.object({ hostId: hostIdSchema }),
    replies: { 101: { says: 'a WebSocket that speaks the gateway protocol' } },
    errors: ['upgrade_required', 'too_many_hosts', 'too_many_replacements'],
  },
  'GET /metrics': {
    id: 'getMetrics',
    does: 'Read the pool in figures, as Prometheus does',
    roles: CLIENTS,
    replies: { 200: { says: 'the text format of Prometheus', type: 'text/plain' } },
  },
  'GET /healthz': {
    id: 'getHealth',
    does: 'Ask whether the server can serve',
    replies: answers(200, 'Ok', 'it can'),
  },
  'GET /openapi.json': {
    id: 'getOpenApi',
    does: 'Read this document',
    replies: { 200: { says: 'OpenAPI 3.1', type: 'application/json' } },
  },
};
