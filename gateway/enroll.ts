import { parseArgs } from 'node:util';
import type { z } from 'zod';
import { type enrollBodySchema, enrolledSchema } from '../shared/api/access.ts';
import { errorBodySchema } from '../shared/errors.ts';
import { describeIssues } from '../shared/zod-issues.ts';
import { ConfigError } from './config/config-error.ts';
import { keepCredentials } from './config/credentials.ts';
import { ENROLL_USAGE } from './config/flags.ts';
import { keptHostId } from './config/host-id.ts';
import { readSources } from './config/load.ts';
import { lockStateDir } from './config/lock.ts';
import { SETTINGS } from './config/settings.ts';
import type { Environment, Sources } from './config/sources.ts';
import { isReadableOnTheWay } from './domain/plain-text.ts';
import { EXIT } from './exit-codes.ts';

/** ms for the exchange. */
const TIMEOUT_MS = 30_000;
/** Characters of an answer; a token and what stands beside it have some hundreds. */
const MAX_ANSWER = 64 * 1024;
/** Of what a server, or whatever stands in front of it, answers. */
const MAX_SHOWN = 300;

function flagsOf(argv: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    const help = { type: 'boolean', short: 'h' } as const;
    const options = { server: text, code: text, 'host-id': text, 'state-dir': text, config: text, help };
    return parseArgs({ args: [...argv], options, strict: true }).values;
  } catch (error) {
    const [reason] = String(error instanceof Error ? error.message : error).split('\n');
    throw wrong(String(reason));
  }
}

function wrong(reason: string): ConfigError {
  return new ConfigError(`${reason}\nusage: ${ENROLL_USAGE}`);
}

function serverUrlOf(flag: string | undefined, sources: Sources): string {
  const fromElsewhere = flag === undefined ? sources.read('serverUrl', SETTINGS.serverUrl.schema) : undefined;
  if (fromElsewhere !== undefined) return fromElsewhere;
  if (flag === undefined) throw wrong('--server is required');
  const parsed = SETTINGS.serverUrl.schema.safeParse(flag);
  if (!parsed.success) throw wrong(`--server ${describeIssues(parsed.error)}`);
  return parsed.data;
}

/** Asks the server for the token. Throws a `ConfigError` with what it said when it gives none. */
async function exchange(serverUrl: string, order: z.input<typeof enrollBodySchema>) {
  const url = `${serverUrl.replace(/^ws/, 'http')}/api/enroll`;
  let response: Response;
  let body: string;
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const init = { method: 'POST', body: JSON.stringify(order), redirect: 'error', signal } as const;
    response = await fetch(url, { ...init, headers: { 'content-type': 'application/json' } });
    body = await textOf(response);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new ConfigError(`cannot reach ${url}: ${cause instanceof Error ? cause.message : cause}`);
  }
  const parsed = enrolledSchema.safeParse(jsonOf(body));
  if (response.ok && parsed.success) return parsed.data;
  const refusal = errorBodySchema.safeParse(jsonOf(body));
  const reason = refusal.success ? refusal.data.error.message : body.slice(0, MAX_SHOWN);
  throw new ConfigError(`${url} answered ${response.status}: ${reason}`);
}

/** A server that never ends its answer is none. */
async function textOf(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > MAX_ANSWER) throw new Error('its answer is too long');
  }
  return text;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** `-` reads the code from stdin: other users can see flags. */
async function codeOf(flag: string | undefined): Promise<string> {
  if (flag === undefined) throw wrong('--code is required');
  if (flag !== '-') return flag;
  process.stdin.setEncoding('utf8');
  let text = '';
  for await (const chunk of process.stdin) text += String(chunk);
  return text.trim();
}

/**
 * `agent-gateway enroll`: exchanges a code for this host's token, and keeps it in the state directory, where the daemon finds it. Throws a
 * `ConfigError`.
 */
export async function enroll(argv: readonly string[], environment: Environment): Promise<number> {
  const { server, code: codeFlag, help, ...flags } = flagsOf(argv);
  if (help === true) {
    process.stdout.write(`usage: ${ENROLL_USAGE}\n       --code - reads the code from stdin\n`);
    return EXIT.OK;
  }
  const given = Object.entries(flags).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const { sources, stateDir: usableStateDir } = readSources(Object.fromEntries(given), environment);
  const serverUrl = serverUrlOf(server, sources);
  const code = await codeOf(codeFlag);
  if (isReadableOnTheWay(serverUrl)) process.stderr.write(`${serverUrl} is not encrypted: others can read the token\n`);
  const stateDir = usableStateDir();
  // A daemon at work would go on with what it has, and keep that in the place of the new one.
  const lock = await lockStateDir(stateDir);
  try {
    const wanted = sources.read('hostId', SETTINGS.hostId.schema);
    const name = wanted === undefined ? { suggestedHostId: keptHostId(stateDir) } : { hostId: wanted };
    const { token, expiresAt, pool, hostId } = await exchange(serverUrl, { code, ...name });
    await keepCredentials(stateDir, { serverUrl, hostId, token, expiresAt });
    const until = new Date(expiresAt).toISOString();
    const renewal = 'renewed while the daemon is connected';
    process.stdout.write(`Enrolled as ${hostId} in the pool ${pool} of ${serverUrl}, until ${until}, ${renewal}.\n`);
    process.stdout.write('Start the daemon in a project directory: agent-gateway\n');
    return EXIT.OK;
  } finally {
    lock.release();
  }
}
