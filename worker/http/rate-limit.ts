import { HttpError } from './errors.ts';

/** The period of the bindings in `wrangler.toml`, s. */
const PERIOD_SECONDS = '60';

/** Counts one against `key`; throws 429 when the binding says so. Without a binding nothing is limited. */
export async function limitRate(binding: RateLimit | undefined, key: string, what: string): Promise<void> {
  if (binding === undefined) return;
  const { success } = await binding.limit({ key });
  if (!success) {
    throw new HttpError('rate_limited', `too many ${what}; slow down`, { headers: { 'retry-after': PERIOD_SECONDS } });
  }
}
