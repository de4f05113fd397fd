import { z } from 'zod';
import { DAY_MS } from './clock.ts';
import { MAX_TASK_TIMEOUT_MS } from './limits.ts';

function wholeNumber(fallback: number, min: number, max: number = Number.MAX_SAFE_INTEGER) {
  return z.coerce
    .number({ error: 'must be a whole number' })
    .int('must be a whole number')
    .min(min, `must be at least ${min}`)
    .max(max, `must be at most ${max}`)
    .default(fallback);
}

/** Scheme, host and port, as a browser says it; no `*`, which would be everybody. */
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/(\[[0-9a-f:]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?$/;

/** The server's settings: wrangler `vars`, or the environment of `npm run serve`. An empty value is an absent one. */
export const serverSettingsSchema = z.object({
  /** How often a host is expected to show life, and version-1 hosts are pinged. */
  HEARTBEAT_INTERVAL_MS: wholeNumber(30_000, 50).describe('ms between signs of life of a host'),
  HEARTBEAT_TIMEOUT_MS: wholeNumber(90_000, 150).describe('ms without a sign of life after which a host is offline'),
  RECONNECT_GRACE_MS: wholeNumber(90_000, 0).describe(
    'ms for which a dropped host keeps its tasks; longer than the longest backoff',
  ),
  START_TIMEOUT_MS: wholeNumber(15_000, 50).describe('ms after which an unanswered execute is offered again'),
  MAX_ATTEMPTS: wholeNumber(3, 1, 100).describe(
    'attempts of a task that reached running and did not end by a failure of its agent',
  ),
  TASK_TIMEOUT_MS: wholeNumber(DAY_MS, 1, MAX_TASK_TIMEOUT_MS).describe('ms; time limit where a task names none'),
  QUEUE_TIMEOUT_MS: wholeNumber(7 * DAY_MS, 1).describe('ms in the queue after which a task fails'),
  MAX_HOSTS_PER_IP: wholeNumber(50, 0).describe('connected hosts per pool and client address; 0 switches it off'),
  MAX_QUEUED_TASKS: wholeNumber(10_000, 1).describe('waiting tasks per pool'),
  MAX_CONNECTS_PER_MINUTE: wholeNumber(6_000, 0).describe(
    '`npm run serve` only: connections of hosts per pool and client address (of IPv6 the /64), and per host; 0 switches it off',
  ),
  MAX_CALLS_PER_MINUTE: wholeNumber(120_000, 0).describe(
    '`npm run serve` only: API calls per token; 0 switches it off',
  ),
  MAX_NEW_TASKS_PER_MINUTE: wholeNumber(30_000, 0).describe(
    '`npm run serve` only: tasks created per token; 0 switches it off',
  ),
  MAX_ENROLMENTS_PER_MINUTE: wholeNumber(60, 0).describe(
    '`npm run serve` only: exchanges of enrolment codes per client address; 0 switches it off',
  ),
  RETENTION_DAYS: wholeNumber(7, 1, 3650).describe('days for which finished tasks, logs and offline hosts are kept'),
  AUDIT_RETENTION_DAYS: wholeNumber(90, 1, 3650).describe('days for which the audit of a pool is kept'),
  CORS_ORIGINS: z
    .string()
    .default('')
    .transform((text) =>
      text
        .split(',')
        .map((origin) => origin.trim())
        .filter((origin) => origin !== ''),
    )
    .pipe(z.array(z.string().regex(ORIGIN, 'must be origins such as https://app.example.com, separated by commas')))
    .describe(
      'origins of other sites whose pages may call the API with a token, `https://a.example,https://b.example`; empty for none',
    ),
  TRUSTED_PROXY: z
    .string()
    .default('')
    .describe(
      'address of a reverse proxy in front of `npm run serve` whose X-Forwarded-For is believed; empty for none',
    ),
});
export type ServerSettings = z.infer<typeof serverSettingsSchema>;

/** Reads settings out of an environment; throws a `z.ZodError` that names each bad variable. */
export function parseServerSettings(source: Readonly<Record<string, unknown>>): ServerSettings {
  const given = Object.keys(serverSettingsSchema.shape)
    .map((name) => [name, source[name]] as const)
    .filter(([, value]) => value !== undefined && value !== '');
  return serverSettingsSchema.parse(Object.fromEntries(given));
}
