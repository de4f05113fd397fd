import { join } from 'node:path';
import { CLAUDE_START, stepClaude } from '../domain/claude-parse.ts';
import { claudeVerdict } from '../domain/claude-verdict.ts';
import type { RunRequest } from '../runs/files.ts';
import type { Driver } from './driver.ts';
import { ownerSays } from './owner-settings.ts';

/** The owner's word on what is asked about; rules that deny hold in any mode. */
const OWN_MODE = /"(defaultMode|disableBypassPermissionsMode)"\s*:/;

/** Claude Code by `claude -p --output-format stream-json`; why these flags: `docs/decisions/0018-one-shot-agents.md`. */
export function claudeDriver(request: RunRequest, command: readonly string[], temporary: string): Driver {
  let state = CLAUDE_START;
  const { env, task } = request;
  return {
    plan: {
      command: [...command, ...claudeFlags(request)],
      env: {
        DISABLE_AUTOUPDATER: '1',
        CLAUDE_CODE_TMPDIR: temporary,
        // Without it the superuser may not let everything pass.
        ...(process.getuid?.() === 0 ? { IS_SANDBOX: '1' } : {}),
        ...env,
      },
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

function claudeFlags({ task: { model, sessionId }, env, rules }: RunRequest): string[] {
  const flags = ['-p', '--output-format', 'stream-json', '--verbose'];
  const settings = join(env.CLAUDE_CONFIG_DIR || join(env.HOME ?? '', '.claude'), 'settings.json');
  if (rules.length === 0 && !ownerSays(settings, OWN_MODE)) flags.push('--permission-mode', 'bypassPermissions');
  // One word, so that a model that begins with `-` is no flag.
  if (model !== undefined) flags.push(`--model=${model}`);
  if (sessionId !== undefined) flags.push(`--resume=${sessionId}`);
  return flags;
}
