import type { Down } from '../../shared/protocol/down.ts';
import { keepCredentials } from '../config/credentials.ts';
import type { DaemonConfig } from '../config/load.ts';
import { hideInLog, log } from '../logger.ts';

type Renewal = Extract<Down, { type: 'token:renewed' }>;

/** The token to connect with: the one of the configuration, and after a renewal the next one, which the state directory keeps. */
export class HostToken {
  readonly #config: Pick<DaemonConfig, 'authToken' | 'isEnrolled' | 'serverUrl' | 'hostId' | 'stateDir'>;
  #current: string;
  /** One write at a time, the last one last. */
  #writing: Promise<void> = Promise.resolve();

  constructor(config: Pick<DaemonConfig, 'authToken' | 'isEnrolled' | 'serverUrl' | 'hostId' | 'stateDir'>) {
    this.#config = config;
    this.#current = config.authToken;
  }

  current(): string {
    return this.#current;
  }

  /** Takes and keeps the next one. A token that the owner gave by hand stays theirs. */
  renew({ token, expiresAt }: Renewal): void {
    if (!this.#config.isEnrolled) return;
    hideInLog(token);
    this.#current = token;
    const { serverUrl, hostId, stateDir } = this.#config;
    this.#writing = this.#writing
      .then(() => keepCredentials(stateDir, { serverUrl, hostId, token, expiresAt }))
      .then(
        () => log.info('the token was renewed until {until}', { until: new Date(expiresAt).toISOString() }),
        // This process goes on with it; the next one finds the one before.
        (error: unknown) => log.error('cannot keep the renewed token: {error}', { error: String(error) }),
      );
  }
}
