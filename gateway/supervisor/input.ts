import type { Writable } from 'node:stream';
import type { LaunchPlan } from '../agents/driver.ts';
import { undeliveredInput } from '../domain/agent-lines.ts';
import type { OutputDeps } from './output.ts';

/** What waits for the agent to read it beyond which more is dropped: bounds the memory. */
export const MAX_UNREAD_BYTES = 4 * 1024 * 1024;

/** Gives a running agent one `task:input`. */
export type TakeInput = (content: string) => void;

/** For agents that read input from stdin or take none; what is not delivered is said in the run's log. */
export function inputTo(
  stdin: Writable,
  { formatInput }: LaunchPlan,
  { events, now }: Pick<OutputDeps, 'events' | 'now'>,
): TakeInput {
  const undelivered = (why: string) => void events.append([undeliveredInput(why, now())]).catch(() => {});
  return (content) => {
    if (formatInput === null) undelivered('The agent takes no input');
    else if (stdin.writableLength > MAX_UNREAD_BYTES) undelivered('The agent does not read its input');
    else stdin.write(formatInput(content));
  };
}

/** Holds what comes before the agent runs, and hands it on when it does. */
export class InputQueue {
  #waiting: string[] = [];
  #take: TakeInput | null = null;

  take(content: string): void {
    if (this.#take === null) this.#waiting.push(content);
    else this.#take(content);
  }

  /** The agent runs: from now on `take` gets all. */
  open(take: TakeInput): void {
    this.#take = take;
    for (const content of this.#waiting.splice(0)) take(content);
  }
}
