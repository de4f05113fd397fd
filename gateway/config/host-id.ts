import { randomBytes, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { hostIdSchema } from '../../shared/ids.ts';
import { nameSchema } from '../../shared/task.ts';
import { keptValue } from './kept-value.ts';

const HOST_ID = 'host-id';
const INSTANCE = 'instance';
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

/** The id that this state directory keeps; made on first use from the machine's name and randomness. */
export function keptHostId(stateDir: string): string {
  return keptValue({
    path: join(stateDir, HOST_ID),
    schema: hostIdSchema,
    make: madeId,
    what: 'host id',
    remedy: 'name the id with --host-id or GATEWAY_HOST_ID',
  });
}

/** What tells this state directory, and so the daemon that has its runs, from another under the same host id. */
export function keptInstance(stateDir: string): string {
  return keptValue({
    path: join(stateDir, INSTANCE),
    schema: nameSchema,
    make: randomUUID,
    what: 'instance id',
    remedy: 'let this user write there',
  });
}
