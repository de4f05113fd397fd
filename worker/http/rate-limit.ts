import type { Context } from 'hono';
import type { ServerSettings } from '../../shared/settings.ts';
import { RateWindows, WINDOW_MS } from '../domain/rate-window.ts';
import type { Env } from '../env.ts';
import type { AppEnv } from './context.ts';
import { tooMany } from './errors.ts';

/** Answers with the ms to wait; 0 when the call may go on. */
type Limiter = (key: string, now: number) => Promise<number>;

/** What is counted by the minute, by the name of the limit that an answer tells. */
export type RateName =
  | 'MAX_CONNECTS_PER_MINUTE'
  | 'MAX_CALLS_PER_MINUTE'
  | 'MAX_NEW_TASKS_PER_MINUTE'
  | 'MAX_ENROLMENTS_PER_MINUTE';

/** A limit that is missing is not applied. */
export type RateLimits = Partial<Record<RateName, Limiter>>;

/** On Cloudflare: the bindings, whose numbers stand in `wrangler.toml`. They don't say how long is left of their minute. */
export function limitsOfEdge(env: Env): RateLimits {
  const by = (binding: RateLimit | undefined): Limiter | undefined =>
    binding && (async (key) => ((await binding.limit({ key })).success ? 0 : WINDOW_MS));
  return {
    MAX_CONNECTS_PER_MINUTE: by(env.CONNECT_LIMIT),
    MAX_CALLS_PER_MINUTE: by(env.API_LIMIT),
    MAX_NEW_TASKS_PER_MINUTE: by(env.CREATE_LIMIT),
    MAX_ENROLMENTS_PER_MINUTE: by(env.ENROL_LIMIT),
  };
}

/** On bare workerd, which has no such bindings and is one process: counted in memory, by the settings. */
export function limitsOfProcess(_env: Env, settings: ServerSettings): RateLimits {
  const by = (name: RateName): Limiter | undefined => {
    if (settings[name] === 0) return undefined;
    const windows = new RateWindows(settings[name]);
    return async (key, now) => windows.take(key, now);
  };
  return {
    MAX_CONNECTS_PER_MINUTE: by('MAX_CONNECTS_PER_MINUTE'),
    MAX_CALLS_PER_MINUTE: by('MAX_CALLS_PER_MINUTE'),
    MAX_NEW_TASKS_PER_MINUTE: by('MAX_NEW_TASKS_PER_MINUTE'),
    MAX_ENROLMENTS_PER_MINUTE: by('MAX_ENROLMENTS_PER_MINUTE'),
  };
}

/** Counts one against `key`; throws 429, with the limit's name and how long to wait, when it has had its share. */
export async function limitRate(c: Context<AppEnv>, name: RateName, key: string, what: string): Promise<void> {
  const waitMs = await c.get('rateLimits')[name]?.(key, Date.now());
  if (waitMs !== undefined && waitMs > 0) throw tooMany('rate_limited', name, `too many ${what}; slow down`, waitMs);
}
