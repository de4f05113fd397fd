import type { Writable } from 'node:stream';
import type { Conversation, Driver, Exchange } from '../agents/driver.ts';
import { logEvent, undeliveredInput } from '../domain/agent-lines.ts';
import type { Question } from '../domain/question.ts';
import { callAfter } from '../process/timer.ts';
import type { Approvals } from './approvals.ts';
import { type Ear, MAX_UNREAD_BYTES } from './input.ts';
import type { OutputDeps } from './output.ts';

/** A conversation with an agent that runs. */
export interface Talk extends Ear {
  /** What its output is to be read with. */
  readonly listener: Driver;
  /** Resolves when nothing more is to be said. */
  readonly over: Promise<void>;
  /** It is the agent that waits, for the next input. */
  readonly waiting: boolean;
  /** Says the first word. */
  open(): void;
  /** Asks the agent to stop what it does. */
  cancel(): void;
}

export interface ConversationDeps extends Pick<OutputDeps, 'events' | 'now'> {
  approvals: Approvals;
  /** ms for which it stays open after a turn for the next input; null: it ends with the turn. */
  openForMs: number | null;
  /** The agent is kept after its last turn where it can be: its stdin stays open. */
  isKept: boolean;
  /** What is to be done before the first turn begins; nothing is said to the agent meanwhile. */
  beforeFirstTurn: (() => Promise<unknown>) | null;
}

/** Speaks for a driver: writes what it has to say to the agent's stdin, and closes that when nothing more will be said. */
export function converse(driver: Conversation, stdin: Writable, deps: ConversationDeps): Talk {
  return new Conversing(driver, stdin, deps);
}

class Conversing implements Talk {
  readonly listener: Driver;
  readonly over: Promise<void>;
  readonly #driver: Conversation;
  readonly #stdin: Writable;
  readonly #deps: ConversationDeps;
  #end = () => {};
  /** Null: it closes with the turn. */
  #openForMs: number | null;
  #isOver = false;
  #hasSession = false;
  /** What was said last, while something is to be done before it is; null when it goes at once. */
  #held: Promise<void> | null = null;
  /** Set while the agent waits for input. */
  #stopWaiting: (() => void) | null = null;

  constructor(driver: Conversation, stdin: Writable, deps: ConversationDeps) {
    this.#driver = driver;
    this.#stdin = stdin;
    this.#deps = deps;
    this.#openForMs = deps.openForMs;
    this.listener = { ...driver, line: (text, now) => this.#perform(driver.line(text, now)) };
    this.over = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  get waiting(): boolean {
    return this.#stopWaiting !== null;
  }

  open(): void {
    this.#speak(this.#driver.plan.stdin);
    if (this.#driver.isOver()) this.#close();
  }

  input(content: string): void {
    const { now } = this.#deps;
    this.#awake();
    if (this.#isOver) this.#tell([undeliveredInput('The agent has finished', now())]);
    else this.#tell(this.#perform(this.#driver.input(content, now())).events);
  }

  finish(): void {
    this.#openForMs = null;
    this.#awake();
    if (this.#driver.isOver()) this.#close();
  }

  cancel(): void {
    this.#awake();
    this.#perform(this.#driver.cancel());
    this.#deps.approvals.withdrawAll();
  }

  #perform(exchange: Exchange): Exchange {
    if (exchange.sessionId !== null && !this.#hasSession) this.#begin();
    this.#speak(exchange.send);
    const { question, withdrawn } = exchange;
    // What was said with the question stands before it.
    if (question !== undefined) queueMicrotask(() => void this.#decide(question));
    if (withdrawn !== undefined) queueMicrotask(() => this.#deps.approvals.withdraw(withdrawn));
    if (!this.#driver.isOver()) return exchange;
    if (this.#openForMs === null || !this.#driver.takesTurns()) {
      this.#close();
      return exchange;
    }
    return this.waiting ? exchange : { ...exchange, events: [...exchange.events, this.#awaitInput(this.#openForMs)] };
  }

  #awaitInput(openForMs: number) {
    const { now } = this.#deps;
    this.#stopWaiting = callAfter(openForMs, () => {
      this.#tell([logEvent(`Nothing was sent for ${openForMs} ms: the session ends.`, { input: 'expired' }, now())]);
      this.finish();
    });
    return logEvent('The agent waits for input.', { input: 'awaited' }, now());
  }

  #awake(): void {
    this.#stopWaiting?.();
    this.#stopWaiting = null;
  }

  #close(): void {
    this.#isOver = true;
    if (!this.#deps.isKept || !this.#driver.takesTurns()) this.#stdin.end();
    this.#end();
  }

  /** The session is there, and the first turn is about to be asked for. */
  #begin(): void {
    this.#hasSession = true;
    const { beforeFirstTurn } = this.#deps;
    if (beforeFirstTurn === null) return;
    // Whether it could be done is its own matter.
    this.#held = beforeFirstTurn().then(
      () => {},
      () => {},
    );
  }

  #speak(text: string): void {
    if (this.#held === null) this.#write(text);
    else this.#held = this.#held.then(() => this.#write(text));
  }

  #write(text: string): void {
    // One that has been said goodbye to, or does not read what it is told, gets no more of it.
    const { writable, writableLength } = this.#stdin;
    if (text !== '' && writable && writableLength <= MAX_UNREAD_BYTES) this.#stdin.write(text);
  }

  #tell(events: Exchange['events']): void {
    // What cannot be written here cannot be written by the reading either, which says so.
    this.#deps.events.append(events).catch(() => {});
  }

  async #decide(question: Question): Promise<void> {
    // Nothing can be said to it any more, as it does what is left to do by itself: an answer would not reach it.
    if (!this.#stdin.writable) return;
    const decision = await this.#deps.approvals.ask(question);
    this.#tell(this.#perform(this.#driver.answer(question.key, decision, this.#deps.now())).events);
  }
}
