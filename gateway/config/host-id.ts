import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { hostIdSchema } from '../../shared/ids.ts';
import { isErrno } from '../runs/durable.ts';
import { ConfigError } from './config-error.ts';
import { PRIVATE_FILE } from './directories.ts';

const FILE = 'host-id';
/** Readable part of a made id: leaves room for the random one within the 64 characters of an id. */
const MAX_NAME_LENGTH = 40;
const RANDOM_BYTES = 4;

function madeId(): string {
  const name = hostname()
    .split('.')[0]
    ?.replace(/[^A-Za-z0-9-]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, MAX_NAME_LENGTH);
  return `${name === undefined || name === '' ? 'host' : name}-${randomBytes(RANDOM_BYTES).toString('hex')}`;
}

function readKept(path: string): string | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null;
    throw new ConfigError(`cannot read ${path}: ${error instanceof Error ? error.message : error}`);
  }
  const parsed = hostIdSchema.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new ConfigError(`${path} holds no host id: delete it, or name the id with --host-id or GATEWAY_HOST_ID`);
}

/** The id that this state directory keeps; made on first use from the machine's name and randomness. */
export function keptHostId(stateDir: string): string {
  const path = join(stateDir, FILE);
  const kept = readKept(path);
  if (kept !== null) return kept;
  const draft = `${path}.${process.pid}`;
  try {
    writeFileSync(draft, `${madeId()}\n`, { mode: PRIVATE_FILE });
    // Two first starts at once must agree: link fails where a file stands, rename would replace it.
    linkSync(draft, path);
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) {
      throw new ConfigError(
        `cannot keep a host id in ${path}: ${error instanceof Error ? error.message : error}; name one with --host-id or GATEWAY_HOST_ID`,
      );
    }
  } finally {
    rmSync(draft, { force: true });
  }
  return readKept(path) ?? keptHostId(stateDir);
}
