import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { AgentExit } from '../domain/agent-exit.ts';
import { CLAUDE_START, stepClaude } from '../domain/claude-parse.ts';
import {
  answerTalk,
  cancelTalk,
  inputToTalk,
  isTalkOver,
  openTalk,
  stepTalk,
  type TalkStep,
  takesTurns,
} from '../domain/claude-talk.ts';
import { claudeVerdict } from '../domain/claude-verdict.ts';
import type { RunRequest } from '../runs/files.ts';
import type { Conversation, Driver, Exchange } from './driver.ts';
import { ownerSays } from './owner-settings.ts';

/** The owner's word on what is asked about; rules that deny hold in any mode. */
const OWN_MODE = /"(defaultMode|disableBypassPermissionsMode)"\s*:/;

/** Claude Code by `claude -p --output-format stream-json`; why these flags: `docs/decisions/0018-one-shot-agents.md`. */
export function claudeDriver(request: RunRequest, command: readonly string[], temporary: string): Driver {
  let state = CLAUDE_START;
  const { task } = request;
  return {
    plan: {
      command: [...command, ...PRINTING, ...(claudePasses(request) ? PASSING : []), ...choices(request)],
      env: claudeEnvironment(request.env, temporary),
      stdin: task.prompt,
      formatInput: null,
      sharedData: null,
      temporary,
    },
    line(text, now) {
      const step = stepClaude(state, text, now);
      state = step.state;
      return { events: step.events, sessionId: state.sessionId };
    },
    sessionInLog: () => null,
    verdict: (exit) => claudeVerdict(state, exit, task.sessionId !== undefined),
  };
}

const WELL: AgentExit = { code: 0, signal: null };

const PRINTING = ['-p', '--output-format', 'stream-json', '--verbose'];
const LISTENING = ['--input-format', 'stream-json'];
const PASSING = ['--permission-mode', 'bypassPermissions'];
/** What it wants to know of its user has no answer here: it is to decide by itself, as it does when it takes one prompt. */
const ASKING = ['--permission-prompt-tool', 'stdio', '--disallowedTools=AskUserQuestion'];

/** Claude Code by `claude -p --input-format stream-json`, a conversation; why so: `docs/decisions/0025-claude-conversation.md`. */
export function claudeConversation(request: RunRequest, command: readonly string[], temporary: string): Conversation {
  const { task } = request;
  const asks = (task.permissions ?? 'auto') !== 'auto' || !claudePasses(request);
  const opening = openTalk(task.prompt, randomUUID(), claudeOwnerDecides(request.env));
  let { state } = opening;
  const take = (step: TalkStep): Exchange => {
    state = step.state;
    const { events, send, question, withdrawn } = step;
    return { events, sessionId: state.said.sessionId, send, question, withdrawn };
  };
  return {
    // It waits for commands and subagents in the background, and takes a turn for what they bring; not for ever.
    endsByItself: true,
    plan: {
      command: [...command, ...PRINTING, ...LISTENING, ...(asks ? ASKING : PASSING), ...choices(request)],
      env: claudeEnvironment(request.env, temporary),
      stdin: opening.send,
      formatInput: null,
      sharedData: null,
      temporary,
    },
    line: (text, now) => take(stepTalk(state, text, now)),
    input: (content, now) => take(inputToTalk(state, content, now)),
    answer: (key, decision, now) => take(answerTalk(state, key, decision, now)),
    cancel: () => take(cancelTalk(state)),
    isOver: () => isTalkOver(state),
    takesTurns: () => takesTurns(state),
    sessionInLog: () => null,
    // When its last turn has ended it is ended by us.
    verdict: (exit) => claudeVerdict(state.said, isTalkOver(state) ? WELL : exit, task.sessionId !== undefined),
  };
}

function claudeEnvironment(env: Readonly<Record<string, string>>, temporary: string): Record<string, string> {
  return {
    DISABLE_AUTOUPDATER: '1',
    CLAUDE_CODE_TMPDIR: temporary,
    // Without it the superuser may not let everything pass.
    ...(process.getuid?.() === 0 ? { IS_SANDBOX: '1' } : {}),
    ...env,
  };
}

/** Whether it may do all that it would ask about: neither rules nor its own settings say otherwise. */
function claudePasses({ env, rules }: RunRequest): boolean {
  return rules.length === 0 && !claudeOwnerDecides(env);
}

/** Whether the owner has said in Claude Code's own settings what is asked about. */
function claudeOwnerDecides(env: Readonly<Record<string, string>>): boolean {
  return ownerSays(join(env.CLAUDE_CONFIG_DIR || join(env.HOME ?? '', '.claude'), 'settings.json'), OWN_MODE);
}

/** One word each, so that a model that begins with `-` is no flag. */
function choices({ task: { model, sessionId } }: RunRequest): string[] {
  return [
    ...(model === undefined ? [] : [`--model=${model}`]),
    ...(sessionId === undefined ? [] : [`--resume=${sessionId}`]),
  ];
}
