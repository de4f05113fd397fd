import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import type { Claims, Role } from '../shared/token.ts';
import { claimsSchema } from '../shared/token.ts';

export interface TokenOrder {
  secret: string;
  sub: string;
  role: Role;
  pool?: string;
  /** What a client token is narrowed to. */
  scope?: { hosts?: string[] | undefined; labels?: Record<string, string> | undefined };
  expiresInSeconds: number;
  nowMs: number;
}

/** Signs a token as the server expects it. Throws a `z.ZodError` for claims that it would refuse. */
export async function mintToken(order: TokenOrder): Promise<string> {
  // With its milliseconds: a token made in the second of a revocation must count as later.
  const iat = order.nowMs / 1000;
  const claims: Claims = claimsSchema.parse({
    sub: order.sub,
    role: order.role,
    pool: order.pool,
    ...order.scope,
    iat,
    exp: Math.ceil(iat) + order.expiresInSeconds,
    jti: randomUUID(),
  });
  return await new SignJWT({ ...claims })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .sign(new TextEncoder().encode(order.secret));
}
