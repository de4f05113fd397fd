import { MIN_SECRET_BYTES } from '../shared/limits.ts';
import { utf8Length } from '../shared/utf8.ts';

/** A secret that may sign: text of at least `MIN_SECRET_BYTES`. */
export function isUsableSecret(secret: unknown): secret is string {
  return typeof secret === 'string' && utf8Length(secret) >= MIN_SECRET_BYTES;
}

/** The secrets that count, the one that signs and seals first; none when the server has no usable one of its own. */
export function usableSecrets(env: { JWT_SECRET?: unknown; JWT_SECRET_PREVIOUS?: unknown }): string[] {
  const { JWT_SECRET: secret, JWT_SECRET_PREVIOUS: previous } = env;
  if (!isUsableSecret(secret)) return [];
  return isUsableSecret(previous) ? [secret, previous] : [secret];
}
