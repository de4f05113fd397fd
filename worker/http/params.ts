import type { Context } from 'hono';
import type { z } from 'zod';
import { hostIdSchema, TASK_ID_PATTERN } from '../../shared/ids.ts';
import type { AppEnv } from './context.ts';
import { notFound } from './errors.ts';
import { validate } from './validate.ts';

/** The task id of the path; ids are made by the server, so what cannot be one does not exist. */
export function taskIdParam(c: Context<AppEnv>): string {
  const id = c.req.param('id') ?? '';
  if (!TASK_ID_PATTERN.test(id)) throw notFound('task');
  return id;
}

/** The host id of the path; hosts name themselves, so a malformed one is the caller's mistake. */
export function hostIdParam(c: Context<AppEnv>): string {
  return validate(hostIdSchema, c.req.param('id'), 'hostId');
}

/** The query by its schema; a parameter given twice counts once, the first. */
export function queryOf<T>(c: Context<AppEnv>, schema: z.ZodType<T>): T {
  return validate(schema, c.req.query(), 'query');
}
