import type { z } from 'zod';
import { type FieldIssue, fieldIssues } from '../../shared/zod-issues.ts';
import { HttpError } from './errors.ts';

/** A value that passed its schema. Else throws `invalid_request`, or `limit_exceeded` when all that is wrong is a size. */
export function validate<T>(schema: z.ZodType<T>, value: unknown, root = 'body'): T {
  const parsed = schema.safeParse(value, { error: describe });
  if (parsed.success) return parsed.data;
  throw asHttpError(fieldIssues(parsed.error, root));
}

function asHttpError(issues: FieldIssue[]): HttpError {
  const [first] = issues;
  if (first === undefined) return new HttpError('invalid_request', 'the request is not valid');
  const message = `"${first.field}" ${first.message}`;
  const fields = issues.map(({ field, message }) => ({ field, message }));
  if (first.limit === undefined) return new HttpError('invalid_request', message, { details: { fields } });
  return new HttpError('limit_exceeded', `${message} (${first.limit})`, {
    details: { limit: first.limit, field: first.field, fields },
  });
}

/** Clauses that read well after the field's name, where the schema itself brings none. */
function describe(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is required' : `must be of type ${issue.expected}`;
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`;
    case 'unrecognized_keys':
      return 'is not a known field';
    case 'too_small':
      return `must be at least ${issue.minimum}`;
    case 'too_big':
      return `must be at most ${issue.maximum}`;
    default:
      return undefined;
  }
}
