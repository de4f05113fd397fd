import { randomBytes, randomUUID } from 'node:crypto';
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { MIN_SECRET_BYTES } from '../shared/limits.ts';
import { ServerError } from './server-error.ts';

const SECRET_FILE = 'jwt-secret';
const EXIT_BAD_SETTING = 2;
/** Bits of a mode that let others than the owner in. */
const OTHERS = 0o077;

type Environment = Readonly<Record<string, string | undefined>>;

/** Where the server's data lives: `STATE_DIR`, else `agent-gateway-server` where the user keeps state. */
export function stateDirOf(env: Environment): string {
  if (env.STATE_DIR) return resolve(env.STATE_DIR);
  const base = env.XDG_STATE_HOME || join(homedir(), '.local', 'state');
  return join(base, 'agent-gateway-server');
}

/** Directories that this process has warned of. */
const warnedOf = new Set<string>();

/**
 * Makes the directory where it is missing, for its owner alone. One that is there is left as it is, with one warning when
 * others can read it. Throws a `ServerError` when it cannot be made.
 */
export function prepareStateDir(stateDir: string, warn: (line: string) => void = console.error): void {
  try {
    makeDirectory(stateDir);
    const open = (statSync(stateDir).mode & OTHERS) !== 0;
    if (open && !warnedOf.has(stateDir)) {
      warnedOf.add(stateDir);
      warn(`agent-gateway: others can read the state directory ${stateDir}: make it yours alone by chmod 700`);
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ServerError(`cannot use the state directory ${stateDir}: ${reason}`, EXIT_BAD_SETTING);
  }
}

/** Step by step: Node's own recursive way never returns where a file system, such as /proc, refuses new directories. */
function makeDirectory(path: string): void {
  if (existsSync(path)) {
    if (!statSync(path).isDirectory()) throw new Error(`${path} is not a directory`);
    return;
  }
  makeDirectory(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another command may have been faster.
    if (existsSync(path)) return;
    if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink())
      throw new Error(`${path} is a link that leads nowhere: make what it leads to, or remove it`);
    throw error;
  }
}

/** Replaces a file in the state directory by one for its owner alone. */
export function writePrivate(path: string, text: string): void {
  const temporary = `${path}.${randomUUID()}`;
  writeFileSync(temporary, text, { mode: 0o600, flush: true });
  renameSync(temporary, path);
}

/** Long enough to sign with. */
export function isUsableSecret(secret: string): boolean {
  return Buffer.byteLength(secret) >= MIN_SECRET_BYTES;
}

/**
 * The secret that signs tokens: `JWT_SECRET`, as it is, when given; else the one that the state directory keeps, made at
 * first need.
 */
export function secretOf(env: Environment, stateDir: string): string {
  if (env.JWT_SECRET) return env.JWT_SECRET;
  const path = join(stateDir, SECRET_FILE);
  if (!existsSync(path)) makeSecret(path);
  const secret = readFileSync(path, 'utf8').trim();
  if (!isUsableSecret(secret)) {
    throw new ServerError(
      `${path} holds no secret of at least ${MIN_SECRET_BYTES} bytes; remove it to have one made`,
      1,
    );
  }
  return secret;
}

/** Two commands may come here at once: the first one's secret stays. */
function makeSecret(path: string): void {
  const temporary = `${path}.${randomUUID()}`;
  writeFileSync(temporary, `${randomBytes(MIN_SECRET_BYTES).toString('base64url')}\n`, { mode: 0o600, flush: true });
  try {
    linkSync(temporary, path);
  } catch (error) {
    if (!existsSync(path)) throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}
