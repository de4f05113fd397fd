import { ServerError } from './server-error.ts';

const DEFAULT_PORT = 8787;
const MAX_PORT = 65_535;

/** Where to listen, from `PORT` and `HOST`. */
export function listenOf(env: Readonly<Record<string, string | undefined>>): { host: string; port: number } {
  const text = env.PORT || String(DEFAULT_PORT);
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= MAX_PORT)) throw new ServerError(`"PORT" must be a whole number from 0 to ${MAX_PORT}`, 2);
  const host = env.HOST || '127.0.0.1';
  if (!/^[A-Za-z0-9.:_-]+$/.test(host)) throw new ServerError('"HOST" must be an address or a name', 2);
  return { host, port };
}
