import { join } from 'node:path';
import { GEMINI_START, stepGemini } from '../domain/gemini-parse.ts';
import { geminiVerdict, missedPrompt } from '../domain/gemini-verdict.ts';
import { restOfPiece } from '../domain/joined-text.ts';
import type { RunRequest } from '../runs/files.ts';
import type { Driver } from './driver.ts';
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

/** Whether the owner has said in Gemini CLI's own settings what is asked about. */
export function geminiOwnerDecides(env: Readonly<Record<string, string>>): boolean {
  return ownerSays(join(env.GEMINI_CLI_HOME || (env.HOME ?? ''), '.gemini', 'settings.json'), OWN_MODE);
}
