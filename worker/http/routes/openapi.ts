import type { Hono } from 'hono';
import type { AppEnv } from '../context.ts';
import { openApiDocument } from '../openapi/document.ts';
import { resource } from '../resource.ts';

/** `GET /openapi.json`, without a token: the API as an OpenAPI 3.1 document. */
export function openApiRoutes(app: Hono<AppEnv>): void {
  // Made at the first request for it: not what every start of an isolate should wait for.
  let document: string | null = null;
  resource(app, '/openapi.json', {
    GET: [
      () => {
        document ??= JSON.stringify(openApiDocument());
        return new Response(document, { headers: { 'content-type': 'application/json' } });
      },
    ],
  });
}
