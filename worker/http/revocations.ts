import type { AccessApi } from '../rpc-access.ts';
import { notReady } from './errors.ts';
import { retrying } from './retry.ts';

/** ms for which an answer is believed: a revocation is effective within a second. */
const BELIEVED_MS = 800;
/** Tokens that an isolate remembers; beyond it all are asked for again. */
const MAX_KNOWN = 10_000;

interface Known {
  isRevoked: boolean;
  /** ms; a revocation is for ever. */
  until: number;
}

/** Which tokens are revoked, as this isolate knows it. */
export class Revocations {
  readonly #known = new Map<string, Known>();

  /** Asks the pool's object at most once in `BELIEVED_MS` for each token. Throws `not_ready` when it does not answer. */
  async isRevoked(access: (pool: string) => AccessApi, pool: string, tokenId: string): Promise<boolean> {
    const key = `${pool}/${tokenId}`;
    const known = this.#known.get(key);
    if (known !== undefined && known.until > Date.now()) return known.isRevoked;
    // Not shared between requests: the runtime lets none wait for what another one asked.
    const isRevoked = await retrying(() => access(pool).isRevoked(tokenId)).catch(notKnown);
    this.#remember(key, isRevoked);
    return isRevoked;
  }

  /** This isolate has just revoked it. */
  add(pool: string, tokenId: string): void {
    this.#remember(`${pool}/${tokenId}`, true);
  }

  #remember(key: string, isRevoked: boolean): void {
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(key, { isRevoked, until: isRevoked ? Number.POSITIVE_INFINITY : Date.now() + BELIEVED_MS });
  }
}

/** Not knowing is not a no. */
export function notKnown(error: unknown): never {
  console.error(JSON.stringify({ event: 'revocation_not_known', error: String(error) }));
  throw notReady('it cannot be said just now whether the token is revoked; try again');
}
