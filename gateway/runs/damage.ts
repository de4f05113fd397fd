import { open } from 'node:fs/promises';
import type { z } from 'zod';
import { isErrno } from './durable.ts';
import {
  type RUN_FILES,
  resultFileSchema,
  runRequestSchema,
  sessionFileSchema,
  settledFileSchema,
  supervisorFileSchema,
  uploadedFileSchema,
} from './files.ts';
import { damageIn, readBack } from './read-back.ts';
import type { RunDirectory } from './run-directory.ts';

const JSON_FILES: readonly (readonly [keyof typeof RUN_FILES, z.ZodType])[] = [
  ['REQUEST', runRequestSchema],
  ['SUPERVISOR', supervisorFileSchema],
  ['SESSION', sessionFileSchema],
  ['RESULT', resultFileSchema],
  ['UPLOADED', uploadedFileSchema],
  ['SETTLED', settledFileSchema],
];

/** A sentence for each file of the run that is there and cannot be used, as in `ReadBack`. */
export async function damages(run: RunDirectory): Promise<string[]> {
  const found: string[] = [];
  for (const [name, schema] of JSON_FILES) {
    const content = await readBack(run.file(name), schema);
    if (content.kind === 'damaged') found.push(content.why);
  }
  const events = await damageOfEvents(run.file('EVENTS'));
  return events === null ? found : [...found, events];
}

/** A corrupt line is the reader's matter: it is told in the task's own log. */
async function damageOfEvents(path: string): Promise<string | null> {
  try {
    const handle = await open(path, 'r');
    // Opening a directory succeeds.
    await handle.read(Buffer.alloc(1), 0, 1, 0).finally(() => handle.close());
    return null;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null;
    const why = damageIn(error, path);
    if (why === null) throw error;
    return why;
  }
}
