/** Pure: no clock, no randomness, no storage, no network. What we ask of an agent, and what its answers lead to. */
import {
  type InitializeResult,
  initializeResultSchema,
  type PromptResult,
  promptResultSchema,
  type SessionResult,
  sessionResultSchema,
} from './acp-schemas.ts';
import { type AcpCall, type AcpState, type AcpStep, type AcpTask, acpStart, settled } from './acp-state.ts';
import { usageAfterTurn } from './acp-usage.ts';
import { type AcpError, requestLine } from './acp-wire.ts';
import { logEvent, undeliveredInput } from './agent-lines.ts';

const PROTOCOL_VERSION = 1;

/** The first message of a conversation. */
export function openAcp(task: AcpTask): AcpStep {
  return ask(acpStart(task), 'initialize', 'initialize', {
    protocolVersion: PROTOCOL_VERSION,
    // Files and terminals are the agent's own business: it has its own, and its processes are the run's.
    clientCapabilities: { fs: { readTextFile: false, writeTextFile: false }, terminal: false },
    clientInfo: task.client,
  });
}

/** What follows the answer to `call`. */
export function onAnswer(state: AcpState, call: AcpCall, result: unknown, now: number): AcpStep {
  const misfit = () => failed(state, `the agent's answer to ${call} has an unknown form`, undefined, now);
  switch (call) {
    case 'initialize': {
      const parsed = initializeResultSchema.safeParse(result);
      return parsed.success ? onInitialized(state, parsed.data, now) : misfit();
    }
    case 'session': {
      const parsed = sessionResultSchema.safeParse(result ?? {});
      return parsed.success ? onSession(state, parsed.data, now) : misfit();
    }
    case 'model':
      return askPrompt(state, state.task.prompt);
    case 'prompt': {
      const parsed = promptResultSchema.safeParse(result);
      return parsed.success ? onTurnEnd(state, parsed.data, now) : misfit();
    }
  }
}

/** A request of ours was answered with an error: the conversation is over. */
export function onRefused(state: AcpState, { code, message, data }: AcpError, now: number): AcpStep {
  return failed(state, message, { code, data }, now);
}

function onInitialized(state: AcpState, result: InitializeResult, now: number): AcpStep {
  const { protocolVersion: version, agentInfo, agentCapabilities } = result;
  if (version !== PROTOCOL_VERSION)
    return failed(state, `the agent speaks version ${version} of ACP, not ${PROTOCOL_VERSION}`, undefined, now);
  return openSession({ ...state, agentName: agentInfo?.name ?? null, reopens: reopening(agentCapabilities) }, now);
}

/** Resuming tells nothing of what has been; loading tells it all again. */
function reopening(capabilities: InitializeResult['agentCapabilities']): AcpState['reopens'] {
  const { resume } = capabilities?.sessionCapabilities ?? {};
  if (resume !== undefined && resume !== null) return 'session/resume';
  return capabilities?.loadSession === true ? 'session/load' : null;
}

/** The same agent, whose last turn is over, for another task. */
export function againAcp(state: AcpState, task: AcpTask, now: number): AcpStep {
  const { lastId, agentName, reopens, opened, modelBy } = state;
  return openSession({ ...acpStart(task), lastId, agentName, reopens, opened, modelBy }, now);
}

function openSession(state: AcpState, now: number): AcpStep {
  const { cwd, sessionId } = state.task;
  const place = { cwd, mcpServers: [] };
  if (sessionId === null) return ask(state, 'session', 'session/new', place);
  if (state.opened.includes(sessionId)) return chooseModel({ ...state, sessionId }, now);
  if (state.reopens === null) return failed(state, 'the agent cannot go on with an earlier session', undefined, now);
  return ask(state, 'session', state.reopens, { sessionId, ...place });
}

function onSession(state: AcpState, result: SessionResult, now: number): AcpStep {
  const sessionId = state.task.sessionId ?? result.sessionId;
  if (sessionId === undefined) return failed(state, 'the agent named no session', undefined, now);
  const opened = [...state.opened, sessionId];
  const next = { ...state, sessionId, opened, modelBy: modelChoice(result) ?? state.modelBy };
  const current = result.models?.currentModelId;
  // Gemini CLI goes on telling what has been when it has answered; once it has answered this too, it has done.
  const mayTellMore = state.task.sessionId !== null && state.reopens === 'session/load';
  if (mayTellMore && current !== undefined && state.task.model === null)
    return ask(next, 'model', 'session/set_model', { sessionId, modelId: current });
  return chooseModel(next, now);
}

function modelChoice({ configOptions, models }: SessionResult): AcpState['modelBy'] {
  const option = configOptions?.find(({ id, category }) => category === 'model' || id === 'model');
  if (option !== undefined) return { configId: option.id };
  return models === undefined ? null : 'session/set_model';
}

function chooseModel(state: AcpState, now: number): AcpStep {
  const { sessionId, modelBy } = state;
  const { model, prompt } = state.task;
  if (model === null) return askPrompt(state, prompt);
  if (modelBy === null) return failed(state, 'the agent does not let its model be chosen', undefined, now);
  if (modelBy === 'session/set_model') return ask(state, 'model', modelBy, { sessionId, modelId: model });
  return ask(state, 'model', 'session/set_config_option', { sessionId, ...modelBy, value: model });
}

/** The next input is the next turn; without one the conversation is over, for now. */
function onTurnEnd(state: AcpState, result: PromptResult, now: number): AcpStep {
  const { stopReason } = result;
  const rest = settled(state);
  const usage = usageAfterTurn(state.usage, result);
  const data = { turn: 'end', stopReason, usage: result.usage ?? result._meta?.quota?.token_count };
  const events = [...rest.events, logEvent(`turn ended: ${stopReason}`, data, now)];
  const ended: AcpState = { ...rest.state, asked: null, usage, stopReason };
  const [input, ...inputs] = ended.inputs;
  if (input === undefined || state.isCancelled) return { state: ended, events, send: '' };
  const next = nextTurn({ ...ended, inputs }, input, now);
  return { ...next, events: [...events, ...next.events] };
}

/** Asks for another turn of a session that is open. */
export function nextTurn(state: AcpState, input: string, now: number): AcpStep {
  const next = askPrompt({ ...state, answer: '', refused: null, toolError: null, stopReason: null }, input);
  return { ...next, events: [logEvent('What was sent is the next turn.', { input: 'delivered' }, now)] };
}

function failed(state: AcpState, message: string, data: unknown, now: number): AcpStep {
  const rest = settled(state);
  const undelivered = state.inputs.map(() => undeliveredInput('The agent has failed', now));
  return {
    state: { ...rest.state, asked: null, inputs: [], error: message },
    events: [...rest.events, { type: 'error', content: message, data, timestamp: now }, ...undelivered],
    send: '',
  };
}

function askPrompt(state: AcpState, text: string): AcpStep {
  return ask(state, 'prompt', 'session/prompt', { sessionId: state.sessionId, prompt: [{ type: 'text', text }] });
}

function ask(state: AcpState, call: AcpCall, method: string, params: unknown): AcpStep {
  const id = state.lastId + 1;
  return { state: { ...state, lastId: id, asked: { id, call } }, events: [], send: requestLine(id, method, params) };
}
