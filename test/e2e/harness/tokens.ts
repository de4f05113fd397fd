import { createHmac, randomBytes } from 'node:crypto';

/** A secret of the length that HS256 wants. */
export function randomSecret(): string {
  return randomBytes(32).toString('hex');
}

export interface TokenClaims {
  sub: string;
  role: string;
  /** Seconds; default: in an hour. */
  exp?: number;
  /** Seconds; default: now. */
  iat?: number;
  pool?: string;
  [claim: string]: unknown;
}

function base64url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** A JWT signed with HS256, made from the standard alone. */
export function mintToken(secret: string, claims: TokenClaims): string {
  const now = Math.floor(Date.now() / 1000);
  const body = `${base64url({ alg: 'HS256', typ: 'JWT' })}.${base64url({ iat: now, exp: now + 3600, ...claims })}`;
  return `${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`;
}
