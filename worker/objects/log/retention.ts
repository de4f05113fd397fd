import { decideRetention, type LogSummary, RECHECK_MS } from '../../domain/log-retention.ts';

/** What retention needs of the object. */
export interface RetentionDeps {
  storage: Pick<DurableObjectStorage, 'getAlarm' | 'setAlarm'>;
  summary(): LogSummary;
  /** Deletes everything, and remembers that it did. */
  retire(): Promise<void>;
  now(): number;
}

/** The object's one alarm: it is armed while anything is held and looks whether all of it is past retention. */
export class Retention {
  readonly #deps: RetentionDeps;
  readonly #keepMs: number;
  #armed: Promise<void> | null = null;

  constructor(deps: RetentionDeps, keepMs: number) {
    this.#deps = deps;
    this.#keepMs = keepMs;
  }

  /** Call it before the first write: an alarm over nothing does no harm, a task without one would stay for ever. */
  arm(): Promise<void> {
    this.#armed ??= this.#setIfMissing();
    return this.#armed;
  }

  async onAlarm(): Promise<void> {
    const { summary, retire, storage, now } = this.#deps;
    // Stands if something below throws: nothing that is held may be left without an alarm.
    let next: number | null = now() + RECHECK_MS;
    try {
      const decision = decideRetention(summary(), this.#keepMs, now());
      if (decision.kind === 'retire') await retire();
      next = decision.kind === 'check_at' ? decision.at : null;
    } finally {
      this.#armed = null;
      if (next !== null) await storage.setAlarm(next);
    }
  }

  async #setIfMissing(): Promise<void> {
    const { storage, now } = this.#deps;
    try {
      if ((await storage.getAlarm()) === null) await storage.setAlarm(now() + this.#keepMs);
    } catch (error) {
      this.#armed = null;
      throw error;
    }
  }
}
