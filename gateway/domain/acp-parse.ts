/**
 * Pure: no clock, no randomness, no storage, no network. A conversation by the Agent Client Protocol: what the agent says goes in,
 * events and what is to be said to it come out. `openAcp` begins it; from then on one request of ours is on its way at a time,
 * and when none is, the conversation is over.
 */
import type { ApprovalDecision } from '../../shared/approval.ts';
import type { AgentEvent } from '../../shared/event.ts';
import { MAX_OUTPUT_BYTES } from '../../shared/limits.ts';
import { nextTurn, onAnswer, onRefused } from './acp-calls.ts';
import { actionOf, CANCELLED, decisionsOf, ownerDecides, permissionResult } from './acp-permission.ts';
import {
  type PermissionRequest,
  permissionParamsSchema,
  type Update,
  updateNameSchema,
  updateParamsSchema,
} from './acp-schemas.ts';
import { type AcpState, type AcpStep, isOver, settled, takesTurns } from './acp-state.ts';
import { changeTool, isNewTool, restOfTools } from './acp-tools.ts';
import { costAfter } from './acp-usage.ts';
import { type AcpId, type AcpMessage, notificationLine, notOfferedLine, parseAcpLine, resultLine } from './acp-wire.ts';
import { logEvent, undeliveredInput, unknownLine, withFile } from './agent-lines.ts';
import { endMessage, joinChunk, restOfPiece } from './joined-text.ts';

/** Characters of inputs that wait for the turn to end beyond which more is dropped: bounds the memory. */
const MAX_WAITING_CHARS = 4 * 1024 * 1024;

type Notification = Extract<AcpMessage, { kind: 'notification' }>;
type Request = Extract<AcpMessage, { kind: 'request' }>;

/** Takes one line of stdout. What has no known meaning is a `log` event and changes nothing. */
export function stepAcp(state: AcpState, text: string, now: number): AcpStep {
  const message = parseAcpLine(text);
  if (message === null) return silent(state, unknownLine(text, now));
  switch (message.kind) {
    case 'notification':
      return onNotification(state, message, now);
    case 'request':
      return onRequest(state, message, now);
    case 'answered':
    case 'refused': {
      const { asked } = state;
      if (asked === null || asked.id !== message.id) return silent(state, unknownLine(text, now));
      if (message.kind === 'refused') return onRefused(state, message.error, now);
      return onAnswer(state, asked.call, message.result, now);
    }
  }
}

/** Takes a `task:input`: the agent's next turn, at once when none is under way. */
export function inputToAcp(state: AcpState, content: string, now: number): AcpStep {
  if (isOver(state) && takesTurns(state)) return nextTurn(state, content, now);
  if (isOver(state)) return silent(state, [undeliveredInput('The agent has finished', now)]);
  const waiting = state.inputs.reduce((sum, input) => sum + input.length, content.length);
  if (waiting > MAX_WAITING_CHARS) return silent(state, [undeliveredInput('Too much waits for the agent', now)]);
  const log = logEvent('What was sent waits for the end of the turn.', { input: 'waiting' }, now);
  return silent({ ...state, inputs: [...state.inputs, content] }, [log]);
}

/** Asks the agent to stop its turn; says nothing when none is under way. */
export function cancelAcp(state: AcpState): AcpStep {
  if (state.asked?.call !== 'prompt' || state.isCancelled) return silent(state, []);
  const cancel = notificationLine('session/cancel', { sessionId: state.sessionId });
  const answers = state.questions.map(({ id }) => resultLine(id, { outcome: CANCELLED }));
  return { state: { ...state, isCancelled: true, questions: [] }, events: [], send: [cancel, ...answers].join('') };
}

/** What has waited for long enough by `now`. */
export function restOfAcp(state: AcpState, now: number): AcpStep {
  const said = restOfPiece(state.joined, now);
  const told = restOfTools(state.tools, now);
  return silent({ ...state, joined: said.joined, tools: told.tools }, [...said.events, ...told.events]);
}

function onNotification(state: AcpState, { method, params }: Notification, now: number): AcpStep {
  const update = method === 'session/update' ? ownUpdate(state, params) : null;
  if (update?.sessionUpdate === 'usage_update')
    return silent({ ...state, cost: costAfter(state.cost, update, isBeforePrompts(state)) }, []);
  if (method === 'session/update' && isReplay(state)) return silent(state, []);
  if (update !== null) return onUpdate(state, update, now);
  return silent(state, [
    logEvent(updateNameSchema.safeParse(params).data?.update.sessionUpdate ?? method, params, now),
  ]);
}

/** Null for one of no known form, and for one of another session: an agent may have sessions of its own beside ours. */
function ownUpdate(state: AcpState, params: unknown): Update | null {
  const { data } = updateParamsSchema.safeParse(params);
  if (data === undefined || (state.sessionId !== null && data.sessionId !== state.sessionId)) return null;
  return data.update;
}

/** As a session is loaded the agent tells again what has been, Gemini CLI after its answer too; those events stand in an earlier log. */
function isReplay(state: AcpState): boolean {
  return state.task.sessionId !== null && isBeforePrompts(state);
}

/** Nothing was asked of the agent yet. */
function isBeforePrompts({ asked, stopReason }: AcpState): boolean {
  return asked?.call !== 'prompt' && stopReason === null;
}

function onUpdate(state: AcpState, update: Exclude<Update, { sessionUpdate: 'usage_update' }>, now: number): AcpStep {
  switch (update.sessionUpdate) {
    case 'agent_message_chunk':
    case 'agent_thought_chunk': {
      const type = update.sessionUpdate === 'agent_message_chunk' ? 'message' : 'thinking';
      const { content, messageId: id = null } = update;
      if (content.text === undefined) return silent(state, [logEvent(update.sessionUpdate, { content }, now)]);
      const { joined, events } = joinChunk(state.joined, { type, id, text: content.text }, now);
      const said = type === 'message' ? { answer: withChunk(state, id, content.text), refused: null } : {};
      return silent({ ...state, ...said, joined }, events);
    }
    case 'tool_call':
    case 'tool_call_update': {
      // What was said before it stands before it.
      const said = endMessage(state.joined);
      const isNew = isNewTool(state.tools, update);
      const step = changeTool(state.tools, update, now);
      const next: AcpState = {
        ...state,
        joined: said.joined,
        tools: step.tools,
        toolError: step.failure ?? state.toolError,
        files: step.files.reduce(withFile, state.files),
        ...(isNew ? { answer: '', refused: null } : {}),
      };
      return silent(next, [...said.events, ...step.events]);
    }
    case 'plan': {
      const rest = settled(state);
      return silent(rest.state, [...rest.events, logEvent('plan', { plan: update.entries }, now)]);
    }
  }
}

function onRequest(state: AcpState, { id, method, params }: Request, now: number): AcpStep {
  const parsed = method === 'session/request_permission' ? permissionParamsSchema.safeParse(params) : null;
  if (parsed?.success === true) return onPermission(state, id, parsed.data, now);
  return { state, events: [logEvent(method, params, now)], send: notOfferedLine(id, method) };
}

function onPermission(state: AcpState, id: AcpId, request: PermissionRequest, now: number): AcpStep {
  const { toolCall } = request;
  const said = endMessage(state.joined);
  // Some agents ask before they tell of the tool. Others describe the question here, and the tool elsewhere.
  const isNew = isNewTool(state.tools, toolCall);
  const told = isNew ? changeTool(state.tools, { ...toolCall, status: 'in_progress' }, now) : null;
  const next: AcpState = {
    ...state,
    joined: said.joined,
    tools: told?.tools ?? state.tools,
    ...(isNew ? { answer: '' } : {}),
  };
  const events = [...said.events, ...(told?.events ?? [])];
  if (state.isCancelled) return { state: next, events, send: resultLine(id, { outcome: CANCELLED }) };
  const key = String(id);
  const options = decisionsOf(request);
  return {
    state: { ...next, questions: [...state.questions, { id, request }] },
    events,
    send: '',
    question: {
      key,
      action: actionOf(request),
      options,
      ownerDecides: ownerDecides(state.task.permissions, state.agentName),
    },
  };
}

/** Answers what the agent asked under `key`; nothing when it asks that no more. */
export function answerAcp(state: AcpState, key: string, decision: ApprovalDecision, now: number): AcpStep {
  const asked = state.questions.find(({ id }) => String(id) === key);
  if (asked === undefined) return silent(state, []);
  const { title = asked.request.toolCall.toolCallId, toolCallId: id } = asked.request.toolCall;
  const { granted, result } = permissionResult(asked.request, decision);
  const next: AcpState = {
    ...state,
    questions: state.questions.filter((other) => other !== asked),
    refused: granted ? state.refused : title,
  };
  const permission = granted ? 'granted' : 'refused';
  const log = logEvent(`permission ${permission}: ${title}`, { permission, id, title }, now);
  return { state: next, events: [log], send: resultLine(asked.id, result) };
}

/** Cut only now and then: chunks are many and small. */
function withChunk({ answer, joined }: AcpState, id: string | null, text: string): string {
  const isNext = answer !== '' && joined.id !== id;
  const all = `${answer}${isNext ? '\n' : ''}${text}`;
  return all.length > 2 * MAX_OUTPUT_BYTES ? all.slice(-MAX_OUTPUT_BYTES) : all;
}

function silent(state: AcpState, events: AgentEvent[]): AcpStep {
  return { state, events, send: '' };
}
