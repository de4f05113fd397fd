import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { GEMINI_START, stepGemini } from '../domain/gemini-parse.ts';
import { geminiVerdict, missedPrompt } from '../domain/gemini-verdict.ts';
import { restOfPiece } from '../domain/joined-text.ts';
import type { RunRequest } from '../runs/files.ts';
import type { Driver, Hold } from './driver.ts';
import { ownerSays } from './owner-settings.ts';

/** The owner's word on what is asked about. */
const OWN_MODE = /"(defaultApprovalMode|disableYoloMode)"\s*:/;

/** Gemini CLI by `gemini --output-format stream-json`; why these flags: `docs/decisions/0018-one-shot-agents.md`. */
export function geminiDriver(request: RunRequest, command: readonly string[], temporary: string): Driver {
  let state = GEMINI_START;
  const { env, task } = request;
  return {
    plan: {
      command: [...command, ...geminiFlags(request)],
      // It leaves a report of each error of its model in the temporary directory.
      env: { GEMINI_CLI_NO_RELAUNCH: 'true', ...env, TMPDIR: temporary },
      stdin: task.prompt,
      formatInput: null,
      sharedData: null,
      temporary,
    },
    line(text, now) {
      const step = stepGemini(state, text, now);
      state = step.state;
      return { events: step.events, sessionId: state.sessionId };
    },
    rest(now) {
      const { joined, events } = restOfPiece(state.joined, now);
      state = { ...state, joined };
      return events;
    },
    sessionInLog: () => null,
    verdict: (exit) => geminiVerdict(state, exit),
    missedPrompt: (exit, stderr) => task.prompt !== '' && missedPrompt(state, exit, stderr),
  };
}

function geminiFlags({ task: { model, sessionId }, env, rules }: RunRequest): string[] {
  const flags = ['--output-format', 'stream-json', '--skip-trust'];
  if (rules.length === 0 && !geminiOwnerDecides(env)) flags.push('--approval-mode', 'yolo');
  // One word, so that a model that begins with `-` is no flag.
  if (model !== undefined) flags.push(`--model=${model}`);
  if (sessionId !== undefined) flags.push(`--resume=${sessionId}`);
  return flags;
}

const HOLD_REASON =
  'Gemini CLI would lose the session if it went on with it in the minute in which it began: the agent starts when that is over.';

const MINUTE_MS = 60_000;

/**
 * Until when Gemini CLI cannot go on with a session over ACP. It begins to record a new one of the same id before it
 * reads the old, in a file whose name has the minute: within that of the session's beginning it is the same file.
 */
export function geminiHold(env: Readonly<Record<string, string>>, sessionId: string, now: number): Hold | null {
  const minute = new Date(now).toISOString().slice(0, 16).replace(':', '-');
  const record = `session-${minute}-${sessionId.slice(0, 8)}.jsonl`;
  const projects = join(geminiHome(env), 'tmp');
  const isOfNow = namesIn(projects).some((project) => namesIn(join(projects, project, 'chats')).includes(record));
  return isOfNow ? { ms: MINUTE_MS - (now % MINUTE_MS), reason: HOLD_REASON } : null;
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    // Not there, or not readable: nothing is known of it then.
    return [];
  }
}

function geminiHome(env: Readonly<Record<string, string>>): string {
  return join(env.GEMINI_CLI_HOME || (env.HOME ?? ''), '.gemini');
}

/** Whether the owner has said in Gemini CLI's own settings what is asked about. */
export function geminiOwnerDecides(env: Readonly<Record<string, string>>): boolean {
  return ownerSays(join(geminiHome(env), 'settings.json'), OWN_MODE);
}
