import { join } from 'node:path';
import type { TaskRequest } from '../../shared/task.ts';
import { OPENCODE_START, stepOpenCode } from '../domain/opencode-parse.ts';
import { openCodeVerdict, sessionInLog } from '../domain/opencode-verdict.ts';
import type { AgentSpec, RunRequest } from '../runs/files.ts';
import type { Driver } from './driver.ts';

type OpenCodeSpec = Extract<AgentSpec, { protocol: 'opencode' }>;

/**
 * Settings by which the host's owner says what OpenCode may do. Where one is set, nothing is approved on top, and a task
 * sets none of them unless the owner allows it by name.
 */
export const OWNER_PERMISSION_NAMES = [
  'OPENCODE_PERMISSION',
  'OPENCODE_CONFIG',
  'OPENCODE_CONFIG_CONTENT',
  'OPENCODE_CONFIG_DIR',
];

/** OpenCode by `opencode run --format json`; why these flags: `docs/decisions/0006-opencode-flags.md`. */
export function openCodeDriver(request: RunRequest, spec: OpenCodeSpec, temporary: string): Driver {
  let state = OPENCODE_START;
  const env = openCodeEnvironment(request.env, temporary);
  return {
    plan: {
      command: [...spec.command, ...openCodeFlags(request.task, request.env, request.rules.length > 0)],
      env,
      stdin: request.task.prompt,
      formatInput: null,
      sharedData: openCodeData(env),
      temporary,
    },
    line(text, now) {
      const step = stepOpenCode(state, text, now);
      state = step.state;
      return { events: step.events, sessionId: state.sessionId };
    },
    // Sessions of subagents are announced in the log too, after the first line of output.
    sessionInLog: (line) => (state.sessionId === null ? sessionInLog(line) : null),
    verdict: (exit) => openCodeVerdict(state, exit),
  };
}

/** The prompt is never among them: it would be quoted, and read as a flag when it begins with `-`. */
export function openCodeFlags(
  { model, sessionId }: Pick<TaskRequest, 'model' | 'sessionId'>,
  env: Readonly<Record<string, string>>,
  hasRules: boolean,
): string[] {
  const flags = ['--print-logs', '--log-level', 'INFO', 'run', '--format', 'json', '--thinking', '--port', '0'];
  // It cannot be asked: with rules of the owner nothing is approved that they might not.
  if (!hasRules && !openCodeOwnerDecides(env)) flags.push('--auto');
  // One word, so that a model that begins with `-` is no flag.
  if (model !== undefined) flags.push(`--model=${model}`);
  if (sessionId !== undefined) flags.push(`--session=${sessionId}`);
  return flags;
}

/** Whether the owner has said in OpenCode's own settings what it may do. */
export function openCodeOwnerDecides(env: Readonly<Record<string, string>>): boolean {
  return OWNER_PERMISSION_NAMES.some((name) => env[name] !== undefined);
}

export function openCodeEnvironment(env: Readonly<Record<string, string>>, temporary: string): Record<string, string> {
  // Where Bun, which OpenCode is built with, unpacks a library of 5 MB at each start and leaves it; TMPDIR stays the host's.
  return { OPENCODE_DISABLE_AUTOUPDATE: '1', BUN_TMPDIR: temporary, ...env };
}

/** Its data directory, with the database that its first start sets up. */
export function openCodeData(env: Readonly<Record<string, string>>): string {
  return join(env.XDG_DATA_HOME || join(env.HOME ?? '', '.local', 'share'), 'opencode');
}
