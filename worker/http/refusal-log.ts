import { MAX_REFUSALS_LOGGED } from '../../shared/limits.ts';
import { RateWindows } from '../domain/rate-window.ts';

/** Whom nobody knows can still fill a disk with lines: each caller has a share of the log; the next line tells how many are missing. */
export class RefusalLog {
  readonly #lines = new RateWindows(MAX_REFUSALS_LOGGED);
  #notLogged = 0;

  /** One line for a refused call, while its caller has not had its share of this minute. */
  write(caller: string, refusal: object, now: number): void {
    if (this.#lines.take(caller, now) > 0) {
      this.#notLogged += 1;
      return;
    }
    const missing = this.#notLogged === 0 ? {} : { notLogged: this.#notLogged };
    this.#notLogged = 0;
    console.warn(JSON.stringify({ event: 'auth_refused', ...refusal, ...missing }));
  }
}
