import type { CutReason } from '../domain/outcome.ts';

/** One request to end a run: the first reason counts, later ones change nothing. */
export class EndRequest {
  readonly #controller = new AbortController();
  #reason: CutReason | null = null;

  request(reason: CutReason): void {
    this.#reason ??= reason;
    this.#controller.abort();
  }

  get reason(): CutReason | null {
    return this.#reason;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Resolves when the end is requested; at once when it has been. */
  async wait(): Promise<CutReason> {
    if (this.#reason === null) {
      await new Promise((resolve) => this.signal.addEventListener('abort', resolve, { once: true }));
    }
    return this.#reason ?? 'stopped';
  }
}
