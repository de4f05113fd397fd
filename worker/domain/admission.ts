/** How many hosts may connect from one address. Pure: `now` is passed in. */
import type { Pool } from './pool.ts';

/** ms for which a host that was let in counts before it has registered; HostDO closes it if it has not by then. */
const REGISTERS_WITHIN_MS = 10_000;

interface Admitted {
  ip: string;
  until: number;
}

/**
 * Counts the hosts that are connected and those that were let in just now, so that many who knock at once do not all find
 * room. In memory only: after a restart everybody has to knock again.
 */
export class Admission {
  readonly #admitted = new Map<string, Admitted>();

  /** Whether one more host may connect from this address. One that is connected already may. */
  admit(pool: Pool, hostId: string, ip: string, now: number): boolean {
    const limit = pool.settings.MAX_HOSTS_PER_IP;
    if (limit === 0) return true;
    const others = new Set<string>();
    for (const host of pool.hosts()) if (host.online && host.ip === ip) others.add(host.hostId);
    for (const [admitted, { ip: from, until }] of this.#admitted) {
      if (until <= now) this.#admitted.delete(admitted);
      else if (from === ip) others.add(admitted);
    }
    others.delete(hostId);
    if (others.size >= limit) return false;
    this.#admitted.set(hostId, { ip, until: now + REGISTERS_WITHIN_MS });
    return true;
  }

  /** From here on the pool knows whether it is connected. */
  registered(hostId: string): void {
    this.#admitted.delete(hostId);
  }
}
