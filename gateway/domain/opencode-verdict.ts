/** Pure: no clock, no randomness, no storage, no network. */
import { type AgentExit, describeExit, UNFINISHED, type Verdict } from './agent-exit.ts';
import type { OpenCodeState } from './opencode-parse.ts';

/**
 * Success is exit 0 and no error and a last step that ended with `stop`: a permission that was rejected, or a limit of the
 * model, ends the turn with exit 0 too.
 */
export function openCodeVerdict(state: OpenCodeState, exit: AgentExit): Verdict {
  const message = failure(state, exit);
  return {
    success: message === '',
    message,
    output: state.texts.join('\n'),
    files: state.files,
    usage: state.usage ?? undefined,
  };
}

function failure(state: OpenCodeState, exit: AgentExit): string {
  if (state.error !== null) return state.error;
  if (exit.code !== 0) return `the agent ${describeExit(exit)}`;
  if (state.finishReason === 'stop') return '';
  if (state.finishReason === null) return UNFINISHED;
  const cause = state.toolError === null ? '' : `: ${state.toolError}`;
  return `the agent stopped before it was done (${state.finishReason})${cause}`;
}

/** OpenCode logs its new session seconds before its first line of output. */
const SESSION_CREATED = /\bmessage=created id=(ses_[A-Za-z0-9]+)\b/;

/** The session id that a line of OpenCode's log announces; null for any other line. */
export function sessionInLog(line: string): string | null {
  return SESSION_CREATED.exec(line)?.[1] ?? null;
}
