import { type AgentEvent, writableEvent } from '../../shared/event.ts';
import { logEvent } from '../domain/agent-lines.ts';
import { type Redaction, type RedactionStep, redactEvent, releaseHeld, startRedaction } from '../domain/redaction.ts';
import type { Redactor } from '../domain/redactor.ts';
import type { EventFile } from './event-file.ts';

/** ms between two looks for what has waited long enough. */
const LOOK_MS = 250;

/** Takes a run's events. */
export interface EventSink {
  /** Resolves when there is room for more; await it before reading more of what makes the events. */
  append(events: readonly AgentEvent[]): Promise<void>;
  /** Appends an event that no quota drops: somebody is to act on it. */
  appendAlways(event: AgentEvent): Promise<void>;
}

/** Hands events to the file without the secrets in them, so that none comes to the disk or leaves the host. */
export class RedactedEvents implements EventSink {
  readonly #file: EventFile;
  /** ms, monotonic. */
  readonly #now: () => number;
  readonly #timer: NodeJS.Timeout;
  #state: Redaction;

  constructor(file: EventFile, redactor: Redactor, now: () => number) {
    this.#file = file;
    this.#now = now;
    this.#state = startRedaction(redactor);
    // What the file does not take the next event finds out too.
    this.#timer = setInterval(() => void this.#release(now()).catch(() => {}), LOOK_MS);
  }

  append(events: readonly AgentEvent[]): Promise<void> {
    return this.#file.append(events.flatMap((event) => this.#redacted(event)));
  }

  async appendAlways(event: AgentEvent): Promise<void> {
    for (const each of this.#redacted(event)) await this.#file.appendAlways(each);
  }

  /** As the file's; says before how many passages were taken out, if any. */
  async close(now: number): Promise<number> {
    clearInterval(this.#timer);
    await this.#release(Number.POSITIVE_INFINITY);
    const { count } = this.#state;
    if (count > 0) {
      const passages = count === 1 ? 'One passage' : `${count} passages`;
      await this.#file.append([
        logEvent(`${passages} of this log held a secret and stand as [redacted].`, { redacted: count }, now),
      ]);
    }
    return this.#file.close(now);
  }

  #redacted(event: AgentEvent): AgentEvent[] {
    return this.#take(redactEvent(this.#state, writableEvent(event), this.#now()));
  }

  #release(now: number): Promise<void> {
    const events = this.#take(releaseHeld(this.#state, now));
    return events.length === 0 ? Promise.resolve() : this.#file.append(events);
  }

  #take({ state, events }: RedactionStep): AgentEvent[] {
    this.#state = state;
    return events;
  }
}
