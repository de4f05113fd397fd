import { join } from 'node:path';
import { CODEX_START, stepCodex } from '../domain/codex-parse.ts';
import { codexVerdict } from '../domain/codex-verdict.ts';
import type { RunRequest } from '../runs/files.ts';
import type { Driver } from './driver.ts';
import { ownerSays } from './owner-settings.ts';

/** The owner's word on what is asked about and what commands may touch; in a profile too. */
const OWN_MODE = /^\s*([\w.-]+\.)?(sandbox_mode|approval_policy|default_permissions)\s*=/m;

/** Codex by `codex exec --json`; why these flags: `docs/decisions/0018-one-shot-agents.md`. */
export function codexDriver(request: RunRequest, command: readonly string[]): Driver {
  let state = CODEX_START;
  const { env, task } = request;
  return {
    plan: {
      command: [...command, ...codexFlags(request)],
      env,
      stdin: task.prompt,
      formatInput: null,
      sharedData: null,
      temporary: null,
    },
    line(text, now) {
      const step = stepCodex(state, text, now);
      state = step.state;
      return { events: step.events, sessionId: state.sessionId };
    },
    sessionInLog: () => null,
    verdict: (exit) => codexVerdict(state, exit, task.sessionId !== undefined),
  };
}

function codexFlags({ task: { model, sessionId }, env, rules }: RunRequest): string[] {
  const flags = ['exec', '--json', '--skip-git-repo-check'];
  const settings = join(env.CODEX_HOME || join(env.HOME ?? '', '.codex'), 'config.toml');
  if (rules.length === 0 && !ownerSays(settings, OWN_MODE)) flags.push('--dangerously-bypass-approvals-and-sandbox');
  // One word, so that a model that begins with `-` is no flag.
  if (model !== undefined) flags.push(`--model=${model}`);
  if (sessionId !== undefined) flags.push('resume', sessionId);
  // The prompt is on stdin.
  return [...flags, '-'];
}
