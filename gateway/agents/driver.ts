import type { ApprovalDecision } from '../../shared/approval.ts';
import type { AgentEvent } from '../../shared/event.ts';
import type { AgentExit, Verdict } from '../domain/agent-exit.ts';
import type { Question } from '../domain/question.ts';
import type { RunRequest } from '../runs/files.ts';

/** How to start an agent for one run. Nothing here goes through a shell. */
export interface LaunchPlan {
  /** Executable and arguments. */
  command: readonly string[];
  /** Whole environment, without the run's mark. */
  env: Readonly<Record<string, string>>;
  /** Written to stdin at once, byte for byte. */
  stdin: string;
  /** What a `task:input` writes to stdin, which stays open for it; null: stdin is closed after `stdin`, unless it is a conversation. */
  formatInput: ((content: string) => string) | null;
  /** A data directory that must not be set up by two agents at once; null when the agent has none. */
  sharedData: string | null;
  /** A directory to be there while the agent runs and removed after it; null when the agent needs none. */
  temporary: string | null;
}

/** What one line of stdout says. */
export interface LineOutcome {
  events: AgentEvent[];
  /** The session's id from the line on that names it; null before. */
  sessionId: string | null;
}

export interface Hold {
  ms: number;
  /** For the run's log. */
  reason: string;
}

/** One agent's way of being started and understood, for one run. */
export interface Driver {
  readonly plan: LaunchPlan;
  /** What is to be waited for, from `now` on, before the agent is started or spoken to; absent or null: nothing. */
  hold?(now: number): Hold | null;
  /** Takes the next line of stdout; `now` in ms. */
  line(text: string, now: number): LineOutcome;
  /**
   * For agents whose text comes in pieces that are joined: the events that have waited for long enough by `now`; by infinity, all.
   * Asked while nothing else comes, and after the last line.
   */
  rest?(now: number): AgentEvent[];
  /** The session id that a line of stderr announces, for agents that log it there first; a hint, null for other lines. */
  sessionInLog(line: string): string | null;
  /** To be asked after the last line. */
  verdict(exit: AgentExit): Verdict;
  /** To be asked after the last line: it has ended without having taken its prompt, for no fault of that, and would take it if started again. */
  missedPrompt?(exit: AgentExit, stderr: string): boolean;
}

/** What is to be done after the agent, or somebody else, has said something. */
export interface Exchange extends LineOutcome {
  /** To be written to stdin now; empty for nothing. */
  send: string;
  /** What the agent asks; `answer` takes the answer. */
  question?: Question | undefined;
  /** What it asked under this key it asks no more. */
  withdrawn?: string | undefined;
}

/** The driver of an agent that stays up after its answer and is spoken to; `plan.stdin` is what opens the conversation. */
export interface Conversation extends Driver {
  /** Once stdin is closed it ends by itself, when what it does beside its turns is done; another is ended soon. */
  readonly endsByItself: boolean;
  line(text: string, now: number): Exchange;
  /** Takes a `task:input`: the next turn, at once when none is under way. */
  input(content: string, now: number): Exchange;
  /** Answers what the agent asked under `key`. */
  answer(key: string, decision: ApprovalDecision, now: number): Exchange;
  /** Asks the agent to stop what it does. */
  cancel(): Exchange;
  /** No turn is under way, nor will be unless there is `input`. */
  isOver(): boolean;
  /** Once it is over: whether it takes another turn. */
  takesTurns(): boolean;
}

/** The driver of an agent that can go from one task to the next. */
export interface LastingConversation extends Conversation {
  /** Once it is over and takes turns: the same agent for another task. What is to be said to it first stands in `plan.stdin`. */
  again(request: RunRequest, now: number): LastingConversation;
}

export function isConversation(driver: Driver): driver is Conversation {
  return 'isOver' in driver;
}

export function isLasting(driver: Driver): driver is LastingConversation {
  return 'again' in driver;
}
