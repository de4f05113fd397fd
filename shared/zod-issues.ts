import type { z } from 'zod';
import { utf8Head } from './utf8.ts';

/** A schema's complaint in one clause a field: `"prompt" must not be empty`. */
export interface FieldIssue {
  field: string;
  message: string;
  /** The named limit that was exceeded, if one was. */
  limit?: string;
}

/** Complaints in one answer: a frame of a thousand bad events must not become a thousand lines of log. */
const MAX_ISSUES = 20;
/** Bytes of a field's name in an answer: record keys are the sender's own text. */
const MAX_FIELD_BYTES = 256;

type Issue = z.core.$ZodIssue;

function fieldName(path: readonly PropertyKey[], root: string): string {
  return path.length > 0 ? utf8Head(path.map(String).join('.'), MAX_FIELD_BYTES) : root;
}

/** Zod reports unknown keys as a list, and a bad record key as an issue within one: both are told by their own field. */
function flatten(issue: Issue): Issue[] {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ ...issue, path: [...path, key], message: 'is not a known field' }));
  }
  if (issue.code === 'invalid_key') return issue.issues.map((inner) => ({ ...inner, path }));
  return [issue];
}

/** A readable list of what is wrong, in the order of the fields; `root` names the whole value. */
export function fieldIssues(error: z.ZodError, root = 'body'): FieldIssue[] {
  return error.issues
    .flatMap(flatten)
    .slice(0, MAX_ISSUES)
    .map((issue) => {
      const limit = issue.code === 'custom' && typeof issue.params?.limit === 'string' ? issue.params.limit : undefined;
      const field = fieldName(issue.path, root);
      return {
        field,
        message: issue.message.replace(/^Invalid input: /, ''),
        ...(limit === undefined ? {} : { limit }),
      };
    });
}

/** The same in one line, for logs and terminals. */
export function describeIssues(error: z.ZodError, root = 'value'): string {
  return fieldIssues(error, root)
    .map((issue) => `"${issue.field}" ${issue.message}`)
    .join('; ');
}
