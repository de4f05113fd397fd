import type { MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import type { AppEnv } from './context.ts';

/** s for which a browser may keep the answer to its preflight. */
const PREFLIGHT_SECONDS = 600;

const answer = cors({
  // Only reached for an origin that is allowed.
  origin: (origin) => origin,
  allowMethods: ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'],
  allowHeaders: ['Authorization', 'Content-Type', 'Idempotency-Key', 'Last-Event-ID'],
  exposeHeaders: ['Location', 'Retry-After', 'X-Request-Id', 'Idempotent-Replayed'],
  maxAge: PREFLIGHT_SECONDS,
});

/** Lets pages of `CORS_ORIGINS` read answers; to all others the server says nothing of it. Cookies are no credentials here. */
export const allowOrigins: MiddlewareHandler<AppEnv> = async (c, next) => {
  const origin = c.req.header('origin');
  if (origin === undefined || !c.get('settings').CORS_ORIGINS.includes(origin)) return next();
  return answer(c, next);
};
