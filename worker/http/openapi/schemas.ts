import { z } from 'zod';
import {
  auditPageSchema,
  enrollBodySchema,
  enrolledSchema,
  enrolmentBodySchema,
  enrolmentSchema,
  hostTokenBodySchema,
  hostTokenSchema,
} from '../../../shared/api/access.ts';
import { approvalListSchema, decideApprovalSchema } from '../../../shared/api/approvals.ts';
import { configFieldsSchema } from '../../../shared/api/hosts.ts';
import { logPageSchema } from '../../../shared/api/log.ts';
import { createTaskSchema, taskInputBodySchema, taskListSchema } from '../../../shared/api/tasks.ts';
import { approvalSchema } from '../../../shared/approval.ts';
import { ERROR_STATUS, errorBodySchema } from '../../../shared/errors.ts';
import { gatewayConfigSchema, hostStatusSchema } from '../../../shared/host.ts';
import { logEntrySchema } from '../../../shared/log-entry.ts';
import { taskResultSchema, taskSchema } from '../../../shared/task.ts';

const ERROR_CODES = z.array(z.string()).parse(Object.keys(ERROR_STATUS));

/** What requests carry, by the names that the document gives them. */
export const REQUESTS = {
  CreateTask: createTaskSchema,
  TaskInput: taskInputBodySchema,
  ApprovalDecision: decideApprovalSchema,
  HostConfigPatch: configFieldsSchema,
  HostTokenOrder: hostTokenBodySchema,
  EnrolmentOrder: enrolmentBodySchema,
  Enroll: enrollBodySchema,
} as const;

/** What answers carry. */
export const REPLIES = {
  Task: taskSchema,
  TaskResult: taskResultSchema,
  TaskList: taskListSchema,
  LogEntry: logEntrySchema,
  LogPage: logPageSchema,
  Approval: approvalSchema,
  ApprovalList: approvalListSchema,
  Host: hostStatusSchema,
  HostList: z.array(hostStatusSchema),
  HostConfig: gatewayConfigSchema.partial(),
  HostToken: hostTokenSchema,
  Enrolment: enrolmentSchema,
  Enrolled: enrolledSchema,
  AuditPage: auditPageSchema,
  Ok: z.object({ ok: z.literal(true) }),
  Error: errorBodySchema.extend({
    error: errorBodySchema.shape.error.extend({ code: z.enum(ERROR_CODES) }),
  }),
} as const;

export type RequestName = keyof typeof REQUESTS;
export type ReplyName = keyof typeof REPLIES;
export type JsonSchema = z.core.JSONSchema.BaseSchema;

/** Where the schema of this name stands in the document. */
export function refTo(name: string): string {
  return `#/components/schemas/${name}`;
}

/** By name, each as JSON Schema 2020-12; one that contains another refers to it. */
export function namedSchemas(): Record<string, JsonSchema> {
  return { ...asJsonSchemas(REQUESTS, 'input'), ...asJsonSchemas(REPLIES, 'output') };
}

function asJsonSchemas(named: Readonly<Record<string, z.ZodType>>, io: 'input' | 'output'): Record<string, JsonSchema> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(named)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, {
    io,
    unrepresentable: 'any',
    uri: refTo,
    override: ({ jsonSchema }) => {
      // A later server may say more: clients ignore fields that they don't know.
      if (io === 'output' && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
    },
  });
  return Object.fromEntries(Object.entries(schemas).map(([id, { $id: _, $schema: __, ...schema }]) => [id, schema]));
}

/** The fields of a query or of headers. */
export function fieldsOf(schema: z.ZodType): { name: string; required: boolean; schema: JsonSchema | boolean }[] {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return Object.entries(properties).map(([name, field]) => ({
    name,
    required: required.includes(name),
    schema: field,
  }));
}
