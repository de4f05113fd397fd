import type { Writable } from 'node:stream';
import type { Conversation, Driver, Exchange } from '../agents/driver.ts';
import type { Question } from '../domain/question.ts';
import type { Approvals } from './approvals.ts';
import { MAX_UNREAD_BYTES } from './input.ts';
import type { OutputDeps } from './output.ts';

/** A conversation with an agent that runs. */
export interface Talk {
  /** What its output is to be read with. */
  readonly listener: Driver;
  /** Resolves when nothing more is to be said. */
  readonly over: Promise<void>;
  /** Says the first word. */
  open(): void;
  /** Takes a `task:input`. */
  input(content: string): void;
  /** Asks the agent to stop what it does. */
  cancel(): void;
}

export interface ConversationDeps extends Pick<OutputDeps, 'events' | 'now'> {
  approvals: Approvals;
}

/** Speaks for a driver: writes what it has to say to the agent's stdin, and closes that when nothing more will be said. */
export function converse(driver: Conversation, stdin: Writable, deps: ConversationDeps): Talk {
  let end = () => {};
  const over = new Promise<void>((resolve) => {
    end = resolve;
  });
  const speak = (text: string) => {
    // One that has been said goodbye to, or does not read what it is told, gets no more of it.
    if (text !== '' && stdin.writable && stdin.writableLength <= MAX_UNREAD_BYTES) stdin.write(text);
  };
  const perform = (exchange: Exchange): Exchange => {
    speak(exchange.send);
    const { question } = exchange;
    // What was said with the question stands before it.
    if (question !== undefined) queueMicrotask(() => void decide(question));
    if (driver.isOver()) {
      stdin.end();
      end();
    }
    return exchange;
  };
  const tell = ({ events }: Exchange) => {
    // What cannot be written here cannot be written by the reading either, which says so.
    deps.events.append(events).catch(() => {});
  };
  const decide = async (question: Question) => {
    const decision = await deps.approvals.ask(question);
    tell(perform(driver.answer(question.key, decision, deps.now())));
  };
  return {
    listener: { ...driver, line: (text, now) => perform(driver.line(text, now)) },
    over,
    open: () => speak(driver.plan.stdin),
    input: (content) => tell(perform(driver.input(content, deps.now()))),
    cancel() {
      perform(driver.cancel());
      deps.approvals.withdrawAll();
    },
  };
}
