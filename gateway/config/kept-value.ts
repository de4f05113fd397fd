import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { z } from 'zod';
import { isErrno } from '../runs/durable.ts';
import { ConfigError } from './config-error.ts';
import { PRIVATE_FILE } from './directories.ts';

export interface KeptValue {
  path: string;
  schema: z.ZodType<string>;
  make(): string;
  /** As in "holds no …". */
  what: string;
  /** What else than mending the file can be done. */
  remedy: string;
}

/** A word that the state directory keeps; made at the first use. Throws a `ConfigError` that names file and remedy. */
export function keptValue(kept: KeptValue): string {
  const { path, make, remedy } = kept;
  const known = readKept(kept);
  if (known !== null) return known;
  const draft = `${path}.${process.pid}`;
  try {
    writeFileSync(draft, `${make()}\n`, { mode: PRIVATE_FILE });
    // Two first starts at once must agree: link fails where a file stands, rename would replace it.
    linkSync(draft, path);
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw new ConfigError(`cannot write ${path}: ${messageOf(error)}; ${remedy}`);
  } finally {
    rmSync(draft, { force: true });
  }
  return readKept(kept) ?? keptValue(kept);
}

function readKept({ path, schema, what, remedy }: KeptValue): string | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null;
    throw new ConfigError(`cannot read ${path}: ${messageOf(error)}`);
  }
  const parsed = schema.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new ConfigError(`${path} holds no ${what}: delete it, or ${remedy}`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
