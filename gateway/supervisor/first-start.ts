import { createHash } from 'node:crypto';
import { mkdir, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, ownIdentity } from '../process/identity.ts';
import { claimFile, readJson } from '../runs/durable.ts';
import { type ProcessIdentity, processIdentitySchema } from '../runs/files.ts';

const LOOK_MS = 100;
/** A first start takes a few seconds; whoever waited this long goes ahead, for the one in front may hang. */
const PATIENCE_MS = 60_000;

export interface FirstStart {
  /** The agent has set up its data: others may start. May be called again. */
  done(): Promise<void>;
}

/**
 * Lets one supervisor at a time through until an agent has set up `sharedData` for this executable (a new version migrates
 * anew); afterwards every one at once. Several agents setting up one database at the same time break each other.
 * `directory` holds the marks.
 */
export async function awaitFirstStart(
  directory: string,
  executable: string,
  sharedData: string,
  signal: AbortSignal,
): Promise<FirstStart> {
  const name = await markName(executable, sharedData);
  const ready = join(directory, `${name}.ready`);
  const lock = join(directory, `${name}.lock`);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const own = await ownIdentity();
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    if ((await exists(ready)) && (await exists(sharedData))) return { done: async () => {} };
    if (await takeLock(lock, own)) return { done: () => markReady(ready, lock, own) };
    if (performance.now() > deadline) return { done: async () => {} };
    await sleep(LOOK_MS, undefined, { signal });
  }
}

/** Changes with the executable's file, so that an upgrade counts as a first start. */
async function markName(executable: string, sharedData: string): Promise<string> {
  const path = await realpath(executable).catch(() => executable);
  const version = await stat(path).then(
    (stats) => `${stats.size} ${stats.mtimeMs}`,
    () => '',
  );
  return createHash('sha256')
    .update(JSON.stringify([path, version, sharedData]))
    .digest('hex')
    .slice(0, 32);
}

/** True when the lock is ours. A lock whose owner has died is removed, to be had at the next look. */
async function takeLock(path: string, own: ProcessIdentity): Promise<boolean> {
  if (await claimFile(path, JSON.stringify(own))) return true;
  const owner = await readJson(path, processIdentitySchema);
  if (owner === null || !(await isAlive(owner))) await rm(path, { force: true });
  return false;
}

async function markReady(ready: string, lock: string, own: ProcessIdentity): Promise<void> {
  await writeFile(ready, '', { mode: 0o600 });
  const owner = await readJson(lock, processIdentitySchema);
  if (owner?.pid === own.pid && owner.startTime === own.startTime) await rm(lock, { force: true });
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
