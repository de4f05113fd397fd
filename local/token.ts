import { parseArgs } from 'node:util';
import { z } from 'zod';
import { MAX_TOKEN_SECONDS, MIN_SECRET_BYTES } from '../shared/limits.ts';
import { ROLES } from '../shared/token.ts';
import { describeIssues } from '../shared/zod-issues.ts';
import { secondsOf } from './duration.ts';
import { runCommand, ServerError } from './server-error.ts';
import { isUsableSecret, prepareStateDir, secretOf, stateDirOf } from './state.ts';
import { mintToken } from './tokens.ts';

const USAGE =
  'usage: npm run token -- --role client|admin|host --sub NAME [--pool POOL] [--expires-in 7d] [--hosts ID,ID] [--labels K=V,K=V]';
const EXIT_USAGE = 2;
const DEFAULT_LIFE = '7d';

const flagsSchema = z.object({
  role: z.enum(ROLES, { error: `must be one of ${ROLES.join(', ')}` }),
  sub: z.string({ error: 'is required' }),
  pool: z.string().optional(),
  hosts: z
    .string()
    .transform((text) => text.split(','))
    .optional(),
  labels: z
    .string()
    .transform((text) => Object.fromEntries(text.split(',').map(pairOf)))
    .optional(),
  'expires-in': z
    .string()
    .transform((text) => secondsOf(text) ?? 0)
    .pipe(z.int().min(1, 'must be like 90s, 30m, 12h or 7d').max(MAX_TOKEN_SECONDS, 'must be at most ten years')),
});

function pairOf(text: string): [name: string, value: string] {
  const [name = '', ...value] = text.split('=');
  return [name, value.join('=')];
}

/** The first sentence of what `parseArgs` says; the others are advice for programmers. */
function reasonOf(error: unknown): string {
  if (error instanceof z.ZodError) return describeIssues(error);
  return error instanceof Error ? (error.message.split(/\.\s/)[0] ?? '') : String(error);
}

/** Null: help is wanted. */
function flagsOf(args: string[]): z.infer<typeof flagsSchema> | null {
  try {
    const text = { type: 'string' } as const;
    const help = { type: 'boolean', short: 'h' } as const;
    const options = {
      role: text,
      sub: text,
      pool: text,
      hosts: text,
      labels: text,
      'expires-in': { ...text, default: DEFAULT_LIFE },
      help,
    };
    const { values } = parseArgs({ args, options });
    return values.help === true ? null : flagsSchema.parse(values);
  } catch (error) {
    throw new ServerError(`${reasonOf(error)}\n${USAGE}`, EXIT_USAGE);
  }
}

/** `npm run token`: prints a token made with `JWT_SECRET`, or with the secret that the state directory keeps. */
await runCommand(async () => {
  const flags = flagsOf(process.argv.slice(2));
  if (flags === null) return console.log(USAGE);
  const stateDir = stateDirOf(process.env);
  if (!process.env.JWT_SECRET) prepareStateDir(stateDir);
  const secret = secretOf(process.env, stateDir);
  if (!isUsableSecret(secret)) {
    throw new ServerError(
      `JWT_SECRET has less than ${MIN_SECRET_BYTES} bytes: no server accepts its tokens`,
      EXIT_USAGE,
    );
  }
  try {
    const token = await mintToken({
      secret,
      sub: flags.sub,
      role: flags.role,
      ...(flags.pool === undefined ? {} : { pool: flags.pool }),
      scope: { hosts: flags.hosts, labels: flags.labels },
      expiresInSeconds: flags['expires-in'],
      nowMs: Date.now(),
    });
    console.log(token);
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    throw new ServerError(`${describeIssues(error)}\n${USAGE}`, EXIT_USAGE);
  }
});
