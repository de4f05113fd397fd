import { errors, jwtVerify, SignJWT } from 'jose';
import { TOKEN_SKEW_SECONDS } from '../shared/limits.ts';
import { type Claims, claimsSchema } from '../shared/token.ts';
import { perSecret } from './secrets.ts';

const ALGORITHM = 'HS256';

export type Verified = { kind: 'ok'; claims: Claims } | { kind: 'refused'; reason: string };

const keyOf = perSecret((secret) => {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  return crypto.subtle.importKey('raw', new TextEncoder().encode(secret), algorithm, false, ['sign', 'verify']);
});

/**
 * Judges a token by any of `secrets`. A reason is for the log and never holds the token. `exp` gets no tolerance: a token is
 * dead when it says so; a clock that runs ahead is forgiven `TOKEN_SKEW_SECONDS` in `nbf` and `iat`.
 */
export async function verifyToken(token: string, secrets: readonly string[], nowMs: number): Promise<Verified> {
  let refused: Verified = { kind: 'refused', reason: 'no secret' };
  for (const secret of secrets) {
    refused = await verifyWith(token, secret, nowMs);
    if (refused.kind === 'ok' || refused.reason !== 'bad signature') return refused;
  }
  return refused;
}

async function verifyWith(token: string, secret: string, nowMs: number): Promise<Verified> {
  try {
    const { payload } = await jwtVerify(token, await keyOf(secret), {
      algorithms: [ALGORITHM],
      requiredClaims: ['exp', 'iat', 'sub'],
      clockTolerance: TOKEN_SKEW_SECONDS,
      currentDate: new Date(nowMs),
    });
    const claims = claimsSchema.safeParse(payload);
    if (!claims.success) return { kind: 'refused', reason: 'bad claims' };
    const now = nowMs / 1000;
    if (claims.data.exp <= now) return { kind: 'refused', reason: 'expired' };
    if (claims.data.iat > now + TOKEN_SKEW_SECONDS) return { kind: 'refused', reason: 'issued in the future' };
    return { kind: 'ok', claims: claims.data };
  } catch (error) {
    return { kind: 'refused', reason: reasonOf(error) };
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'bad signature';
  if (error instanceof errors.JWTClaimValidationFailed) return `bad claim ${error.claim}`;
  if (error instanceof errors.JOSEAlgNotAllowed) return 'algorithm not allowed';
  return 'malformed token';
}

/** Signs claims as they are. */
export async function signToken(claims: Claims, secret: string): Promise<string> {
  return new SignJWT({ ...claims }).setProtectedHeader({ alg: ALGORITHM, typ: 'JWT' }).sign(await keyOf(secret));
}
