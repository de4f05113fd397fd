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

/** Making a key costs as much as using it. An isolate sees two secrets, a few more while they are rotated. */
const MAX_KEYS = 4;

/** The function that makes something of a secret once, and gives the same again. */
export function perSecret<T>(make: (secret: string) => Promise<T>): (secret: string) => Promise<T> {
  const made = new Map<string, Promise<T>>();
  return (secret) => {
    const known = made.get(secret);
    if (known !== undefined) return known;
    if (made.size >= MAX_KEYS) made.clear();
    const fresh = make(secret);
    made.set(secret, fresh);
    return fresh;
  };
}
