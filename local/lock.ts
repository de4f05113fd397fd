import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { identityOf, isAlive, type ProcessIdentity, processIdentitySchema } from './process-identity.ts';
import { ServerError } from './server-error.ts';

const LOCK_FILE = 'server.lock';
/** A killed process is gone within milliseconds; longer means that it cannot be killed. */
const GONE_TIMEOUT_MS = 5_000;
const GONE_POLL_MS = 20;

const lockSchema = z.object({
  server: processIdentitySchema,
  /** The runtime that serves for it, and holds the port and the data. */
  runtime: processIdentitySchema.optional(),
});
type Lock = z.infer<typeof lockSchema>;

/** Locks of this process: one that bears its pid and is not among them is from before a restart of a container. */
const held = new Set<string>();

/** The state directory is this process's alone, until `release`. */
export interface StateLock {
  /** Says which process serves, so that a successor can end it should this one be killed. */
  setRuntime(pid: number): void;
  release(): void;
}

function readLock(path: string): { text: string; lock: Lock | null } | null {
  try {
    const text = readFileSync(path, 'utf8');
    return { text, lock: lockSchema.safeParse(JSON.parse(text)).data ?? null };
  } catch (error) {
    if (error instanceof SyntaxError) return { text: '', lock: null };
    return null;
  }
}

/** Takes the lock; throws a `ServerError` when another server runs on this directory. A dead server's lock is taken over. */
export async function lockState(stateDir: string): Promise<StateLock> {
  const path = join(stateDir, LOCK_FILE);
  const server = identityOf(process.pid);
  if (server === null) throw new ServerError('cannot tell when this process was started', 1);
  const write = (target: string, lock: Lock) => writeFileSync(target, JSON.stringify(lock), { mode: 0o600 });
  const temporary = `${path}.${randomUUID()}`;
  write(temporary, { server });
  try {
    while (!tryLink(temporary, path)) await removeStale(path, stateDir);
  } finally {
    rmSync(temporary, { force: true });
  }
  held.add(path);
  return {
    setRuntime(pid) {
      const runtime = identityOf(pid);
      write(temporary, { server, ...(runtime === null ? {} : { runtime }) });
      renameSync(temporary, path);
    },
    release() {
      held.delete(path);
      rmSync(path, { force: true });
    },
  };
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

async function removeStale(path: string, stateDir: string): Promise<void> {
  const found = readLock(path);
  if (found === null) return;
  const { server, runtime } = found.lock ?? {};
  const isMine = server?.pid === process.pid;
  if (server !== undefined && (isMine ? held.has(path) : isAlive(server))) {
    throw new ServerError(`another server (pid ${server.pid}) uses the state directory ${stateDir}`, 1);
  }
  if (runtime !== undefined) await endOrphan(runtime);
  // Two successors may both get here: the one that renames a lock which is not the dead one puts it back.
  const aside = `${path}.${randomUUID()}`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  if (readLock(aside)?.text !== found.text) tryLink(aside, path);
  rmSync(aside, { force: true });
}

/** A killed server's runtime is ended by its watchdog; this waits for that, and does it where there is none. */
async function endOrphan(runtime: ProcessIdentity): Promise<void> {
  const deadline = Date.now() + GONE_TIMEOUT_MS;
  while (isAlive(runtime)) {
    if (Date.now() > deadline)
      throw new ServerError(`the runtime of a dead server (pid ${runtime.pid}) does not end`, 1);
    process.kill(runtime.pid, 'SIGKILL');
    await sleep(GONE_POLL_MS);
  }
}
