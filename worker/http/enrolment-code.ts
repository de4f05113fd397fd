import { poolIdSchema } from '../../shared/ids.ts';
import { perSecret } from '../secrets.ts';

/** Bytes of chance in a code, and of the signature that follows: 96 bits each, 16 characters. */
const PART_BYTES = 12;
const CODE = /^(.+)\.([A-Za-z0-9_-]{16})\.([A-Za-z0-9_-]{16})$/;

/** Not the key of tokens: a signature of the one must say nothing about the other. */
const keyOf = perSecret((secret) => {
  const text = new TextEncoder().encode(`agent-gateway enrolment\n${secret}`);
  return crypto.subtle.importKey('raw', text, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
});

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, '-')
    .replace(/\//g, '_');
}

async function signatureOf(text: string, secret: string): Promise<string> {
  const signature = await crypto.subtle.sign('HMAC', await keyOf(secret), new TextEncoder().encode(text));
  return base64url(new Uint8Array(signature).slice(0, PART_BYTES));
}

/** A fresh code for this pool: `<pool>.<chance>.<signature>`. */
export async function makeCode(pool: string, secret: string): Promise<string> {
  const text = `${pool}.${base64url(crypto.getRandomValues(new Uint8Array(PART_BYTES)))}`;
  return `${text}.${await signatureOf(text, secret)}`;
}

/** The pool that a code is for, once its signature has been verified by any of `secrets`: no object is touched for others. Null for what is no code. */
export async function poolOfCode(code: string, secrets: readonly string[]): Promise<string | null> {
  const [, pool = '', chance = '', signature = ''] = CODE.exec(code) ?? [];
  if (!poolIdSchema.safeParse(pool).success) return null;
  for (const secret of secrets) {
    if (isEqual(await signatureOf(`${pool}.${chance}`, secret), signature)) return pool;
  }
  return null;
}

/** What the pool keeps of a code. */
export async function hashOfCode(code: string): Promise<string> {
  return base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(code))));
}

/** In a time that does not depend on where they differ. */
function isEqual(a: string, b: string): boolean {
  const encoder = new TextEncoder();
  const [left, right] = [encoder.encode(a), encoder.encode(b)];
  return left.byteLength === right.byteLength && crypto.subtle.timingSafeEqual(left, right);
}
