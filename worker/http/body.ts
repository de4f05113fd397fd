import type { z } from 'zod';
import { MAX_BODY_BYTES } from '../../shared/limits.ts';
import { HttpError } from './errors.ts';
import { validate } from './validate.ts';

/**
 * The request's JSON body by its schema, whatever its media type says: `curl -d` and `fetch` name another by themselves. An absent
 * body is `absent` when that is given. Errors: 413 beyond `MAX_BODY_BYTES` (nothing beyond it is buffered), 400
 * `malformed_json`, and those of `validate`.
 */
export async function readJson<T>(request: Request, schema: z.ZodType<T>, absent?: unknown): Promise<T> {
  const bytes = await readBytes(request);
  const value = bytes.length === 0 && absent !== undefined ? absent : parseJson(bytes);
  return validate(schema, value);
}

function tooLarge(): HttpError {
  return new HttpError('limit_exceeded', `"body" must be at most ${MAX_BODY_BYTES} bytes (MAX_BODY_BYTES)`, {
    details: { limit: 'MAX_BODY_BYTES', field: 'body' },
  });
}

function unreadable(message: string): HttpError {
  return new HttpError('malformed_json', `"body" ${message}`, { details: { fields: [{ field: 'body', message }] } });
}

async function readBytes(request: Request): Promise<Uint8Array> {
  const announced = request.headers.get('content-length');
  if (Number(announced ?? 0) > MAX_BODY_BYTES) throw tooLarge();
  try {
    // The runtime holds a body to the length that it announces: most are read in one step.
    return announced === null ? await readChunks(request) : new Uint8Array(await request.arrayBuffer());
  } catch (error) {
    // The runtime calls a transfer that breaks off retryable, as if the server were at fault.
    throw error instanceof HttpError ? error : unreadable('did not arrive whole');
  }
}

async function readChunks({ body }: Request): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    length += chunk.byteLength;
    if (length > MAX_BODY_BYTES) throw tooLarge();
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes));
  } catch {
    throw unreadable('is not JSON in UTF-8');
  }
}
