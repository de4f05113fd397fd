import type { Writable } from 'node:stream';
import type { LaunchPlan } from '../agents/driver.ts';
import { undeliveredInput } from '../domain/agent-lines.ts';
import type { OutputDeps } from './output.ts';

/** What waits for the agent to read it beyond which more is dropped: bounds the memory. */
export const MAX_UNREAD_BYTES = 4 * 1024 * 1024;

/** What a running agent can be told. */
export interface Ear {
  /** One `task:input`. */
  input(content: string): void;
  /** Nothing more will come: it ends with its turn. Repeated, it changes nothing. */
  finish(): void;
}

/** For agents that read input from stdin or take none; what is not delivered is said in the run's log. */
export function earOf(
  stdin: Writable,
  { formatInput }: LaunchPlan,
  { events, now }: Pick<OutputDeps, 'events' | 'now'>,
): Ear {
  const undelivered = (why: string) => void events.append([undeliveredInput(why, now())]).catch(() => {});
  return {
    input(content) {
      if (formatInput === null) undelivered('The agent takes no input');
      else if (stdin.writableLength > MAX_UNREAD_BYTES) undelivered('The agent does not read its input');
      else if (!stdin.writable) undelivered('The agent has finished');
      else stdin.write(formatInput(content));
    },
    finish: () => stdin.end(),
  };
}

/** Holds what comes before the agent runs, and hands it on when it does. */
export class InputQueue {
  #waiting: ((ear: Ear) => void)[] = [];
  #ear: Ear | null = null;

  say(word: (ear: Ear) => void): void {
    if (this.#ear === null) this.#waiting.push(word);
    else word(this.#ear);
  }

  /** The agent runs: from now on `ear` hears all. */
  open(ear: Ear): void {
    this.#ear = ear;
    for (const word of this.#waiting.splice(0)) word(ear);
  }
}
