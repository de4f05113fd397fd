import { z } from 'zod';
import { perSecret } from './secrets.ts';

/**
 * Encrypts what must not lie open in storage: AES-256-GCM, the key by HKDF-SHA-256 from a secret of the server. A sealed text is
 * `1.<name of the key>.<base64 of nonce and ciphertext>`; `place` is bound to it, so that it opens nowhere else.
 */
const FORM = /^1\.([0-9a-f]{16})\.([A-Za-z0-9+/=]+)$/;
const PURPOSE = 'agent-gateway task variables';
/** Bytes, as NIST SP 800-38D recommends: random ones do not meet for far more tasks than a secret lives. */
const NONCE_BYTES = 12;
const NAME_BYTES = 8;

interface SealingKey {
  /** Tells with which secret something was sealed, and nothing of it. */
  name: string;
  key: CryptoKey;
}

const keyOf = perSecret(derive);

async function derive(secret: string): Promise<SealingKey> {
  const base = await crypto.subtle.importKey('raw', bytes(secret), 'HKDF', false, ['deriveBits', 'deriveKey']);
  const from = (use: string) => ({
    name: 'HKDF',
    hash: 'SHA-256',
    salt: new Uint8Array(),
    info: bytes(`${PURPOSE}, ${use}`),
  });
  const name = await crypto.subtle.deriveBits(from('name'), base, NAME_BYTES * 8);
  const cipher = { name: 'AES-GCM', length: 256 };
  const key = await crypto.subtle.deriveKey(from('key'), base, cipher, false, ['encrypt', 'decrypt']);
  return { name: [...new Uint8Array(name)].map((byte) => byte.toString(16).padStart(2, '0')).join(''), key };
}

export async function seal(text: string, secret: string, place: string): Promise<string> {
  const { name, key } = await keyOf(secret);
  const iv = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const cipher = { name: 'AES-GCM', iv, additionalData: bytes(place) };
  const sealed = new Uint8Array(await crypto.subtle.encrypt(cipher, key, bytes(text)));
  return `1.${name}.${base64([...iv, ...sealed])}`;
}

/** Null when it was sealed with another secret or for another place, or is damaged. */
export async function unseal(sealed: string, secrets: readonly string[], place: string): Promise<string | null> {
  const [, name, body] = FORM.exec(sealed) ?? [];
  if (body === undefined) return null;
  for (const secret of secrets) {
    const known = await keyOf(secret);
    if (known.name !== name) continue;
    try {
      const data = Uint8Array.from(atob(body), (char) => char.charCodeAt(0));
      const cipher = { name: 'AES-GCM', iv: data.subarray(0, NONCE_BYTES), additionalData: bytes(place) };
      return new TextDecoder().decode(await crypto.subtle.decrypt(cipher, known.key, data.subarray(NONCE_BYTES)));
    } catch {
      return null;
    }
  }
  return null;
}

const variablesSchema = z.record(z.string(), z.string());
export type Variables = z.infer<typeof variablesSchema>;

/** A task's variables. Throws without a secret: they would lie open. */
export async function sealVariables(variables: Variables, secrets: readonly string[], place: string): Promise<string> {
  const [secret] = secrets;
  if (secret === undefined) throw new Error('no usable secret to encrypt with');
  return seal(JSON.stringify(variables), secret, place);
}

/** Null where `unseal` is. */
export async function unsealVariables(
  sealed: string,
  secrets: readonly string[],
  place: string,
): Promise<Variables | null> {
  const text = await unseal(sealed, secrets, place);
  return text === null ? null : variablesSchema.parse(JSON.parse(text));
}

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(new TextEncoder().encode(text));
}

function base64(data: readonly number[]): string {
  return btoa(data.map((byte) => String.fromCharCode(byte)).join(''));
}
