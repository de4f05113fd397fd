import { z } from 'zod';
import { DEFAULT_POOL, hostIdSchema, poolIdSchema } from './ids.ts';
import { type Scope, scopeSchema } from './scope.ts';
import { nameSchema } from './task.ts';

export const ROLES = ['host', 'client', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** Claims of a JWT (HS256). `iat` and `exp` in seconds since the epoch, as the standard has them. */
export const claimsSchema = z
  .object({
    sub: nameSchema,
    role: z.enum(ROLES),
    iat: z.number(),
    exp: z.number(),
    jti: nameSchema.optional(),
    pool: poolIdSchema.default(DEFAULT_POOL),
    ...scopeSchema.shape,
    /** Of an enrolled host's token: the server sends the next one before it expires. */
    renewable: z.boolean().optional(),
  })
  // A narrowing that nobody keeps must not look like one.
  .refine(({ role, hosts, labels }) => role === 'client' || (hosts === undefined && labels === undefined), {
    path: ['hosts'],
    message: 'and "labels" narrow client tokens alone',
  })
  .refine((claims) => claims.role !== 'host' || hostIdSchema.safeParse(claims.sub).success, {
    path: ['sub'],
    message: 'of a host token must be a host id',
  });
export type Claims = z.infer<typeof claimsSchema>;

/** What the token is narrowed to; undefined when it is not. */
export function scopeOf({ hosts, labels }: Claims): Scope | undefined {
  if (hosts === undefined && labels === undefined) return undefined;
  return { ...(hosts === undefined ? {} : { hosts }), ...(labels === undefined ? {} : { labels }) };
}
