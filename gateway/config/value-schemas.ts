import { delimiter } from 'node:path';
import { z } from 'zod';
import { hostIdSchema } from '../../shared/ids.ts';
import { labelsSchema, nameSchema, pathSchema } from '../../shared/task.ts';
import { agentSpecSchema } from '../runs/files.ts';

/**
 * One schema a setting. Each takes the text of a flag or variable as well as the value of the JSON file, and gives the
 * value that the daemon uses.
 */

function splitAt(separator: RegExp) {
  return (value: unknown): unknown =>
    typeof value === 'string'
      ? value
          .split(separator)
          .map((part) => part.trim())
          .filter((part) => part !== '')
      : value;
}

const COMMA = /,/;
/** As in `PATH`; a comma too, as in the other lists. */
const COMMA_OR_PATH_DELIMITER = delimiter === ':' ? /[,:]/ : /[,;]/;

const AGENT_ENDPOINT = /\/agent\/ws\/?$/;
const WEBSOCKET_SCHEME: Readonly<Record<string, string>> = {
  'ws:': 'ws:',
  'wss:': 'wss:',
  'http:': 'ws:',
  'https:': 'wss:',
};

/** Base URL of the server, as `ws:` or `wss:`, without a slash at its end. */
export const serverUrlSchema = z.string('must be a URL').transform((text, context) => {
  const url = URL.canParse(text) ? new URL(text) : null;
  const scheme = url === null ? undefined : WEBSOCKET_SCHEME[url.protocol];
  if (url === null || scheme === undefined || url.host === '') {
    context.addIssue({ code: 'custom', message: 'must be a URL such as wss://gateway.example.com' });
    return z.NEVER;
  }
  if (url.username !== '' || url.password !== '') {
    context.addIssue({ code: 'custom', message: 'must not hold a user name or password: use GATEWAY_AUTH_TOKEN' });
    return z.NEVER;
  }
  const path = url.pathname.replace(AGENT_ENDPOINT, '/').replace(/\/+$/, '');
  return `${scheme}//${url.host}${path}`;
});

/** Goes into a header: one word. */
export const authTokenSchema = z
  .string('must be text')
  .trim()
  .regex(/^[\x21-\x7e]+$/, 'must be one word of printable ASCII characters');

export const maxConcurrentSchema = z.coerce
  .number('must be a whole number')
  .int('must be a whole number')
  .min(1, 'must be at least 1')
  .max(1000, 'must be at most 1000');

const DEFAULT_WARM_MINUTES = 10;
/** More would be a host that does nothing else than keep agents. */
const MAX_WARM = 100;
const MAX_WARM_MINUTES = 24 * 60;

/** `2` or `2:30`. */
export const warmSchema = z.preprocess(
  (value) => {
    const [, count, minutes] = /^\s*(\d+)(?::(\d+))?\s*$/.exec(String(value)) ?? [];
    if (count === undefined) return value;
    return { count: Number(count), ...(minutes === undefined ? {} : { minutes: Number(minutes) }) };
  },
  z.strictObject(
    {
      count: z.int().min(0).max(MAX_WARM, `must keep at most ${MAX_WARM}`),
      minutes: z
        .number()
        .min(1, 'must keep them for at least 1 minute')
        .max(MAX_WARM_MINUTES, `must keep them for at most ${MAX_WARM_MINUTES} minutes`)
        .default(DEFAULT_WARM_MINUTES),
    },
    'must be how many, such as 2, or how many and for how many minutes, such as 2:30',
  ),
);

export const agentNamesSchema = z.preprocess(splitAt(COMMA), z.array(nameSchema));
export const pathListSchema = z.preprocess(
  splitAt(COMMA_OR_PATH_DELIMITER),
  z.array(pathSchema).min(1, 'must name a directory'),
);

const ENV_GLOB = /^[A-Za-z0-9_*]+$/;
export const envGlobsSchema = z.preprocess(
  splitAt(COMMA),
  z.array(z.string().regex(ENV_GLOB, 'must be names of environment variables, in which * stands for any part')),
);

/** `a=1,b=2`; the value may hold a `=`. A part without one is left as it stands for the schema to name. */
function labelPairs(value: unknown): unknown {
  const parts = splitAt(COMMA)(value);
  if (!Array.isArray(parts)) return value;
  const pairs = parts.map((part) => /^([^=]+)=(.*)$/.exec(String(part)));
  return pairs.includes(null) ? value : Object.fromEntries(pairs.map((pair) => [pair?.[1], pair?.[2]]));
}
export const labelListSchema = z.preprocess(
  labelPairs,
  z.union([labelsSchema, z.string()]).transform((labels, context) => {
    if (typeof labels !== 'string') return labels;
    context.addIssue({ code: 'custom', message: 'must be pairs such as os=linux,gpu=h100' });
    return z.NEVER;
  }),
);

/** A command in front of every agent's. */
export const wrapSchema = z.array(z.string('must be words')).min(1, 'must name a program');

const MODEL_GLOB = /^[^\s,]+$/;
export const modelGlobsSchema = z.preprocess(
  splitAt(COMMA),
  z.array(z.string().regex(MODEL_GLOB, 'must be names of models, in which * stands for any part')),
);

export const maxTimeoutSchema = z.coerce
  .number('must be a number of milliseconds')
  .int('must be a whole number of milliseconds')
  .min(1, 'must be at least 1 ms');

/** A program of the owner's as an agent; `protocol` may be left out. */
export const customAgentsSchema = z.record(
  nameSchema,
  z.preprocess(
    (value) =>
      typeof value === 'object' && value !== null && !('protocol' in value) ? { protocol: 'text', ...value } : value,
    agentSpecSchema,
  ),
);

export { hostIdSchema, nameSchema, pathSchema };
