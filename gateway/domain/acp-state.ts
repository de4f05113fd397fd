/** Pure: no clock, no randomness, no storage, no network. */
import type { AgentEvent } from '../../shared/event.ts';
import type { TaskUsage } from '../../shared/task.ts';
import type { Asked, OwnSettings } from './acp-permission.ts';
import { type AcpTools, NO_TOOLS, restOfTools } from './acp-tools.ts';
import { costAtStart, type SessionCost } from './acp-usage.ts';
import { endMessage, type JoinedText, NOTHING_JOINED } from './joined-text.ts';
import type { Question } from './question.ts';

/** What one run wants of its agent. */
export interface AcpTask {
  /** Absolute; the session's directory. */
  cwd: string;
  prompt: string;
  /** Null: the agent's own choice. */
  model: string | null;
  /** The session to go on with; null: a new one. */
  sessionId: string | null;
  permissions: OwnSettings;
  /** How this program calls itself. */
  client: { name: string; version: string };
}

/** The requests that lead to a turn, in this order, and the turn itself. */
export type AcpCall = 'initialize' | 'session' | 'model' | 'prompt';

export interface AcpState {
  readonly task: AcpTask;
  /** Of our last request; they count from 0. */
  readonly lastId: number;
  /** Our request that is not answered yet: one at a time; null when nothing more is asked. */
  readonly asked: { readonly id: number; readonly call: AcpCall } | null;
  /** The agent's name for itself; null when it does not say. */
  readonly agentName: string | null;
  /** What it calls going on with an earlier session; null when it cannot. */
  readonly reopens: 'session/resume' | 'session/load' | null;
  /** Sessions that are open in the agent's process. */
  readonly opened: readonly string[];
  /** How its model is chosen: by the option of that id, or by a request of its own; null when it cannot be. */
  readonly modelBy: { readonly configId: string } | 'session/set_model' | null;
  readonly sessionId: string | null;
  /** Inputs that wait for the turn to end, oldest first. */
  readonly inputs: readonly string[];
  /** What the agent asks and has no answer to yet. */
  readonly questions: readonly Asked[];
  /** The turn under way was told to stop. */
  readonly isCancelled: boolean;
  readonly joined: JoinedText;
  readonly tools: AcpTools;
  /** What was said since the last tool of this turn. */
  readonly answer: string;
  /** What was refused in this turn, while the agent has not gone on after it. */
  readonly refused: string | null;
  /** Why the last tool that failed did so. */
  readonly toolError: string | null;
  readonly files: readonly string[];
  readonly usage: TaskUsage | null;
  readonly cost: SessionCost;
  /** Of the last turn; null while one is under way, and before. */
  readonly stopReason: string | null;
  /** What ended the conversation before its time. */
  readonly error: string | null;
}

export interface AcpStep {
  state: AcpState;
  events: AgentEvent[];
  /** To be written to the agent's stdin. */
  send: string;
  /** What the agent asks; answered by `answerAcp`. */
  question?: Question;
}

export function acpStart(task: AcpTask): AcpState {
  return {
    task,
    lastId: -1,
    asked: null,
    agentName: null,
    reopens: null,
    opened: [],
    modelBy: null,
    sessionId: null,
    inputs: [],
    questions: [],
    isCancelled: false,
    joined: NOTHING_JOINED,
    tools: NO_TOOLS,
    answer: '',
    refused: null,
    toolError: null,
    files: [],
    usage: null,
    cost: costAtStart(task.sessionId === null),
    stopReason: null,
    error: null,
  };
}

/** Nothing is asked of the agent any more. */
export function isOver(state: AcpState): boolean {
  return state.asked === null;
}

/** Its session can be asked for another turn. */
export function takesTurns({ sessionId, error, isCancelled }: AcpState): boolean {
  return sessionId !== null && error === null && !isCancelled;
}

/** All that has waited to be told. */
export function settled(state: AcpState): { state: AcpState; events: AgentEvent[] } {
  const said = endMessage(state.joined);
  const told = restOfTools(state.tools, Number.POSITIVE_INFINITY);
  return { state: { ...state, joined: said.joined, tools: told.tools }, events: [...said.events, ...told.events] };
}
