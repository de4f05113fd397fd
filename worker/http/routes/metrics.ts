import type { Context, Hono } from 'hono';
import { scopeOf } from '../../../shared/token.ts';
import { allow, authenticate, forbid } from '../auth.ts';
import type { AppEnv } from '../context.ts';
import { metricsText } from '../metrics-text.ts';
import { resource } from '../resource.ts';
import { retrying } from '../retry.ts';

/** `GET /metrics`: the pool of the token in figures, as Prometheus reads them. */
async function metrics(c: Context<AppEnv>): Promise<Response> {
  const claims = c.get('claims');
  // They count tasks and hosts that a narrowed token may not know of.
  if (scopeOf(claims) !== undefined) forbid(c, 'a narrowed token may not read figures of the whole pool');
  const figures = await retrying(() => c.get('objects').scheduler(claims.pool).figures());
  return new Response(metricsText(figures, Date.now()), {
    headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
  });
}

export function metricsRoutes(app: Hono<AppEnv>): void {
  resource(app, '/metrics', { GET: [authenticate, allow('client', 'admin'), metrics] });
}
