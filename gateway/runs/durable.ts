import { randomUUID } from 'node:crypto';
import { access, link, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';

/** Files of a run hold prompts and environments: for their owner alone. */
const FILE_MODE = 0o600;

/** Makes the entries of a directory (new names, renames) survive a power loss. */
export async function fsyncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Writes a file and its content to the disk itself. Fails when it exists. */
export async function writeNewFile(path: string, content: string): Promise<void> {
  const handle = await open(path, 'wx', FILE_MODE);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Puts `content` in place of `path` at once: a reader sees the old file or the whole new one, after a power loss too. */
export async function replaceFile(path: string, content: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await writeNewFile(temporary, content);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await fsyncDirectory(dirname(path));
}

/** Makes `path` with its content whole, or returns false because it exists: of several that try at once one succeeds. */
export async function claimFile(path: string, content: string): Promise<boolean> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await writeNewFile(temporary, content);
    await link(temporary, path);
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
  await fsyncDirectory(dirname(path));
  return true;
}

/** Between two tries on a full disk. */
const FULL_DISK_RETRY_MS = 1_000;

/** Whether a caught value says that the disk, or this user's share of it, is full. */
export function isFullDisk(error: unknown): boolean {
  return isErrno(error, 'ENOSPC', 'EDQUOT');
}

/**
 * Does `job` again while it fails for want of room on the disk, however long: what is owed is not given up for that. `onFull` is
 * called once, before the first wait.
 */
export async function untilRoom(job: () => Promise<void>, onFull = () => {}): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await job();
    } catch (error) {
      if (!isFullDisk(error)) throw error;
      if (tries === 0) onFull();
      await sleep(FULL_DISK_RETRY_MS);
    }
  }
}

/** The parsed content of a JSON file; null when it is absent, unreadable as JSON, or not of the schema. */
export async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null;
    throw error;
  }
  const parsed = schema.safeParse(parseJson(text));
  return parsed.success ? parsed.data : null;
}

/** What the text says as JSON; undefined when it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** False only when there is certainly nothing. */
export async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    (error: unknown) => !isErrno(error, 'ENOENT'),
  );
}

/** Whether a caught value is a system error with one of these codes. */
export function isErrno(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && codes.includes(error.code);
}
