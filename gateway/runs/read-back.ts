import { readFile } from 'node:fs/promises';
import type { z } from 'zod';
import { isErrno, parseJson } from './durable.ts';

/**
 * What came of reading a file back. `damaged`: it is there, cannot be used, and that will not pass by itself; `why` is a sentence
 * for the host's owner with the path, the reason and what to do.
 */
export type ReadBack<T> = { kind: 'value'; value: T } | { kind: 'absent' } | { kind: 'damaged'; why: string };

/** Another user's file: mostly a daemon was once run as root. */
const FORBIDDEN = ['EACCES', 'EPERM'];
/** Something else stands in the file's place. */
const OTHER_KIND = ['EISDIR', 'ENOTDIR', 'ELOOP', 'ENXIO', 'EINVAL'];
/** The disk itself has lost it. */
const BAD_DISK = ['EIO', 'EBADMSG', 'EUCLEAN'];

/**
 * The sentence for an error that says that this file cannot be read and will not be by waiting; null for every other one. What
 * may pass (too many open files, no memory) must not make a result count as lost.
 */
export function damageIn(error: unknown, path: string): string | null {
  if (isErrno(error, ...FORBIDDEN)) {
    return `${path} belongs to another user or is closed to this one: give it back with chown and chmod`;
  }
  if (isErrno(error, ...OTHER_KIND)) return `${path} is not a file: move away what stands in its place`;
  if (isErrno(error, ...BAD_DISK)) return `${path} cannot be read from the disk: check the disk`;
  return null;
}

/** Reads a JSON file. Rejects only with the errors that may pass by themselves. */
export async function readBack<T>(path: string, schema: z.ZodType<T>): Promise<ReadBack<T>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return { kind: 'absent' };
    const why = damageIn(error, path);
    if (why === null) throw error;
    return { kind: 'damaged', why };
  }
  const parsed = schema.safeParse(parseJson(text));
  if (parsed.success) return { kind: 'value', value: parsed.data };
  return { kind: 'damaged', why: `${path} is corrupt: restore it from a copy, or remove the run's directory` };
}

/** The content; null when the file is absent or damaged. */
export async function usableContent<T>(path: string, schema: z.ZodType<T>): Promise<T | null> {
  const content = await readBack(path, schema);
  return content.kind === 'value' ? content.value : null;
}
