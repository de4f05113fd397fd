import type { Context, Handler, Hono, MiddlewareHandler } from 'hono';
import type { AppEnv } from './context.ts';
import { HttpError } from './errors.ts';

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';
type Step = Handler<AppEnv> | MiddlewareHandler<AppEnv>;

/**
 * Serves one path: the given methods, `HEAD` wherever there is `GET`, `OPTIONS` with `Allow`, and 405 with `Allow` for the
 * rest. Each method's steps run in order, the last one answers.
 */
export function resource(app: Hono<AppEnv>, path: string, methods: Partial<Record<Method, Step[]>>): void {
  for (const [method, steps] of Object.entries(methods)) {
    for (const step of steps) app.on(method, path, step);
  }
  const names = Object.keys(methods).flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
  const allowed = [...names, 'OPTIONS'].join(', ');
  app.options(path, () => new Response(null, { status: 204, headers: { allow: allowed } }));
  app.all(path, (c: Context<AppEnv>) => {
    throw new HttpError('method_not_allowed', `${c.req.method} is not allowed here; use ${allowed}`, {
      headers: { allow: allowed },
    });
  });
}
