import { Hono, type MiddlewareHandler } from 'hono';
import { parseServerSettings, type ServerSettings } from '../../shared/settings.ts';
import type { Env } from '../env.ts';
import type { AppDeps, AppEnv } from './context.ts';
import { allowOrigins } from './cors.ts';
import { errorResponse, foreseen, HttpError, notFound, notReady } from './errors.ts';
import type { RateLimits } from './rate-limit.ts';
import { RefusalLog } from './refusal-log.ts';
import { Revocations } from './revocations.ts';
import { accessRoutes } from './routes/access.ts';
import { agentSocketRoutes } from './routes/agent-socket.ts';
import { approvalRoutes } from './routes/approvals.ts';
import { healthRoutes } from './routes/health.ts';
import { hostRoutes } from './routes/hosts.ts';
import { logRoutes } from './routes/log.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { openApiRoutes } from './routes/openapi.ts';
import { taskRoutes } from './routes/tasks.ts';
import { tokenRoutes } from './routes/tokens.ts';

/** On every answer: nothing is cached, sniffed, framed or run as a page. */
const ANSWER_HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
} as const;

/** What an `env` says, which is the same object for an isolate's whole life. */
interface Prepared {
  settings: ServerSettings;
  rateLimits: RateLimits;
}

function settingsOf(env: Env): ServerSettings {
  try {
    return parseServerSettings(env);
  } catch (error) {
    console.error(JSON.stringify({ event: 'bad_settings', error: String(error) }));
    throw notReady('a setting of the server is not valid; its log names it');
  }
}

function prepare(deps: AppDeps): MiddlewareHandler<AppEnv> {
  const revocations = new Revocations();
  const refusalLog = new RefusalLog();
  const known = new WeakMap<Env, Prepared>();
  const preparedFor = (env: Env): Prepared => {
    const before = known.get(env);
    if (before !== undefined) return before;
    const settings = settingsOf(env);
    const prepared = { settings, rateLimits: deps.rateLimits(env, settings) };
    known.set(env, prepared);
    return prepared;
  };
  return async (c, next) => {
    const requestId = crypto.randomUUID();
    c.set('requestId', requestId);
    c.set('ip', deps.clientAddress(c.req.raw, c.env));
    c.set('objects', deps.objects(c.env));
    const { settings, rateLimits } = preparedFor(c.env);
    c.set('settings', settings);
    c.set('rateLimits', rateLimits);
    c.set('revocations', revocations);
    c.set('refusalLog', refusalLog);
    await next();
  };
}

/** The HTTP side of the Worker. Every answer but a 101 carries `x-request-id`; every error has the one format. */
export function createApp(deps: AppDeps): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  app.use(async (c, next) => {
    await next();
    // The 101 of an object is handed on untouched.
    if (c.res.status === 101) return;
    for (const [name, value] of Object.entries(ANSWER_HEADERS)) c.res.headers.set(name, value);
    c.res.headers.set('x-request-id', c.get('requestId'));
  });
  app.use(prepare(deps));
  app.use(allowOrigins);
  healthRoutes(app);
  openApiRoutes(app);
  metricsRoutes(app);
  taskRoutes(app);
  approvalRoutes(app);
  logRoutes(app);
  hostRoutes(app);
  tokenRoutes(app);
  accessRoutes(app);
  agentSocketRoutes(app);
  app.notFound(() => errorResponse(notFound('route')));
  app.onError((error, c) => {
    const known = foreseen(error);
    if (known !== null) return errorResponse(known);
    const requestId = c.get('requestId');
    console.error(JSON.stringify({ event: 'internal_error', requestId, path: c.req.path, error: error.stack }));
    return errorResponse(new HttpError('internal', 'something went wrong on the server', { details: { requestId } }));
  });
  return app;
}
