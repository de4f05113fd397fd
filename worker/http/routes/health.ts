import type { Hono } from 'hono';
import { secretsOf } from '../auth.ts';
import type { AppEnv } from '../context.ts';
import { resource } from '../resource.ts';

/** `GET /healthz`, without a token: 200 when the server can serve, 503 `not_ready` without a usable secret. */
export function healthRoutes(app: Hono<AppEnv>): void {
  resource(app, '/healthz', {
    GET: [
      (c) => {
        secretsOf(c.env);
        return c.json({ ok: true });
      },
    ],
  });
}
