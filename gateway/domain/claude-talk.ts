/**
 * Pure: no clock, no randomness, no storage, no network. A conversation with Claude Code: what it says goes in, events and what is to be
 * said to it come out. It takes a message at any time and tells when it takes it up: at once between two tools, else as its next turn.
 */
import type { ApprovalDecision } from '../../shared/approval.ts';
import type { AgentEvent } from '../../shared/event.ts';
import { utf8Length } from '../../shared/utf8.ts';
import { logEvent, parseLine, undeliveredInput } from './agent-lines.ts';
import {
  allowLine,
  type ClaudeControl,
  claudeControlSchema,
  denyLine,
  interruptLine,
  notOfferedLine,
  type ToolRequest,
  userLine,
} from './claude-control.ts';
import { CLAUDE_START, type ClaudeState, stepClaude } from './claude-parse.ts';
import { claudeAction, claudeOptions } from './claude-permission.ts';
import type { Question } from './question.ts';

/** Of what waits for the agent beyond which more is dropped: bounds the memory. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

type Reading = Extract<ClaudeControl, { type: 'command_lifecycle' }>;

/** A message that the agent has not taken up yet. */
interface Unread {
  readonly id: string;
  readonly bytes: number;
  /** The log knows already what becomes of it. */
  readonly isTold: boolean;
}

export interface ClaudeTalk {
  readonly said: ClaudeState;
  /** A UUID of this run's alone, of which the ids of its messages are made. */
  readonly base: string;
  /** How many messages were sent. */
  readonly sent: number;
  readonly unread: readonly Unread[];
  /** It tells when it takes a message up; of one that does not, messages wait here for the end of the turn. */
  readonly tellsReading: boolean;
  readonly inputs: readonly string[];
  /** What it asks and has no answer to yet. */
  readonly questions: readonly { readonly id: string; readonly request: ToolRequest }[];
  /** The owner has decided in its own settings. */
  readonly ownerDecides: boolean;
  readonly isCancelled: boolean;
}

export interface TalkStep {
  state: ClaudeTalk;
  events: AgentEvent[];
  /** To be written to the agent's stdin. */
  send: string;
  question?: Question;
  /** What it asked under this key it asks no more. */
  withdrawn?: string;
}

/** Begins with the first turn. */
export function openTalk(prompt: string, base: string, ownerDecides: boolean): TalkStep {
  const state: ClaudeTalk = {
    said: CLAUDE_START,
    base,
    sent: 0,
    unread: [],
    tellsReading: false,
    inputs: [],
    questions: [],
    ownerDecides,
    isCancelled: false,
  };
  return say(state, prompt, true, []);
}

/** The last turn has ended, and no message waits for one. */
export function isTalkOver({ said, unread, isCancelled }: ClaudeTalk): boolean {
  return said.result !== null && (isCancelled || unread.length === 0);
}

/** Its session can be asked for another turn. */
export function takesTurns({ said, isCancelled }: ClaudeTalk): boolean {
  return said.sessionId !== null && said.result?.is_error !== true && !isCancelled;
}

/** Takes one line of stdout. What has no known meaning is a `log` event and changes nothing. */
export function stepTalk(state: ClaudeTalk, text: string, now: number): TalkStep {
  const control = parseLine(claudeControlSchema, text);
  if (control !== null) return onControl(state, control, now);
  const { state: said, events } = stepClaude(state.said, text, now);
  const next = { ...state, said };
  const isTurnEnd = said.result !== null && said.result !== state.said.result;
  return isTurnEnd ? onTurnEnd(next, events, now) : { state: next, events, send: '' };
}

/** Takes a `task:input`. */
export function inputToTalk(state: ClaudeTalk, content: string, now: number): TalkStep {
  if (isTalkOver(state)) {
    if (!takesTurns(state)) return silent(state, [undeliveredInput('The agent has finished', now)]);
    return say(nextTurn(state), content, true, [delivered(now)]);
  }
  const waiting = [...state.unread.map(({ bytes }) => bytes), ...state.inputs.map(utf8Length), utf8Length(content)];
  if (waiting.reduce((sum, bytes) => sum + bytes, 0) > MAX_WAITING_BYTES)
    return silent(state, [undeliveredInput('Too much waits for the agent', now)]);
  if (state.tellsReading) {
    const log = logEvent('What was sent waits for the agent to take it up.', { input: 'waiting' }, now);
    return say(state, content, false, [log]);
  }
  const log = logEvent('What was sent waits for the end of the turn.', { input: 'waiting' }, now);
  return silent({ ...state, inputs: [...state.inputs, content] }, [log]);
}

/** Answers what the agent asked under `key`; nothing when it asks that no more. */
export function answerTalk(state: ClaudeTalk, key: string, decision: ApprovalDecision, now: number): TalkStep {
  const asked = state.questions.find(({ id }) => id === key);
  if (asked === undefined) return silent(state, []);
  const { title } = claudeAction(asked.request);
  const permission = decision === 'deny' ? 'refused' : 'granted';
  const data = { permission, id: asked.request.tool_use_id, title };
  return {
    state: { ...state, questions: state.questions.filter((each) => each !== asked) },
    events: [logEvent(`permission ${permission}: ${title}`, data, now)],
    send: decision === 'deny' ? denyLine(key) : allowLine(key, asked.request, decision === 'allow_always'),
  };
}

/** Asks the agent to stop its turn; says nothing when none is under way. */
export function cancelTalk(state: ClaudeTalk): TalkStep {
  if (isTalkOver(state) || state.isCancelled) return silent(state, []);
  return { state: { ...state, isCancelled: true, questions: [] }, events: [], send: interruptLine() };
}

function onControl(state: ClaudeTalk, control: ClaudeControl, now: number): TalkStep {
  switch (control.type) {
    case 'control_request': {
      const { request_id: id, request } = control;
      if (!('tool_name' in request))
        return { state, events: [logEvent(request.subtype, request, now)], send: notOfferedLine(id, request.subtype) };
      if (state.isCancelled) return { state, events: [], send: denyLine(id) };
      return {
        state: { ...state, questions: [...state.questions, { id, request }] },
        events: [],
        send: '',
        question: {
          key: id,
          action: claudeAction(request),
          options: claudeOptions(request),
          ownerDecides: state.ownerDecides,
        },
      };
    }
    case 'control_cancel_request':
      return {
        ...silent({ ...state, questions: state.questions.filter(({ id }) => id !== control.request_id) }, []),
        withdrawn: control.request_id,
      };
    case 'control_response':
      return silent(state, []);
    case 'command_lifecycle':
      return onReading(state, control, now);
  }
}

/** Before the first of these it was not known that messages may go to it at any time: what waits goes now. */
function onReading(before: ClaudeTalk, { command_uuid: id, state: word }: Reading, now: number): TalkStep {
  const { state, send } = before.inputs.reduce(
    (step: Pick<TalkStep, 'state' | 'send'>, input) => {
      const next = say(step.state, input, false, []);
      return { state: next.state, send: step.send + next.send };
    },
    { state: { ...before, tellsReading: true, inputs: [] }, send: '' },
  );
  const message = state.unread.find((each) => each.id === id);
  if (message === undefined || word === 'queued') return { state, events: [], send };
  const read = { ...state, unread: state.unread.filter((each) => each !== message) };
  if (word !== 'started')
    return { state: read, events: [undeliveredInput(`The agent says that it is ${word}`, now)], send };
  if (message.isTold) return { state: read, events: [], send };
  if (read.said.result !== null) return { state: nextTurn(read), events: [delivered(now)], send };
  const log = logEvent('What was sent is part of the turn under way.', { input: 'steered' }, now);
  return { state: read, events: [log], send };
}

function onTurnEnd(state: ClaudeTalk, events: AgentEvent[], now: number): TalkStep {
  if (state.tellsReading) return silent(state, events);
  const [input, ...inputs] = state.inputs;
  const read = { ...state, unread: [], inputs };
  if (input === undefined) return silent(read, events);
  if (takesTurns(read)) return say(nextTurn(read), input, true, [...events, delivered(now)]);
  const lost = state.inputs.map(() => undeliveredInput('The agent has failed', now));
  return silent({ ...read, inputs: [] }, [...events, ...lost]);
}

/** What the last turn left counts no more. */
function nextTurn(state: ClaudeTalk): ClaudeTalk {
  return { ...state, said: { ...state.said, result: null, texts: [] } };
}

function say(state: ClaudeTalk, text: string, isTold: boolean, events: AgentEvent[]): TalkStep {
  const { base, sent, unread } = state;
  const id = `${base.slice(0, -COUNTER_DIGITS)}${sent.toString(16).padStart(COUNTER_DIGITS, '0')}`;
  const message = { id, bytes: utf8Length(text), isTold };
  return { state: { ...state, sent: sent + 1, unread: [...unread, message] }, events, send: userLine(id, text) };
}

/** Of a UUID: its last group counts a run's messages. */
const COUNTER_DIGITS = 12;

function delivered(now: number): AgentEvent {
  return logEvent('What was sent is the next turn.', { input: 'delivered' }, now);
}

function silent(state: ClaudeTalk, events: AgentEvent[]): TalkStep {
  return { state, events, send: '' };
}
