/** Pure: no clock, no randomness, no storage, no network. */
import type { AcpState } from './acp-state.ts';
import { usageWithCost } from './acp-usage.ts';
import { type AgentExit, describeExit, type Verdict } from './agent-exit.ts';

/**
 * Success is a last turn that ended by itself. The exit code says nothing: the agent is ended by us when the turn has ended. A
 * refusal with nothing after it stopped the turn, though some agents call that an end like any other.
 */
export function acpVerdict(state: AcpState, exit: AgentExit): Verdict {
  const message = failure(state, exit);
  return {
    success: message === '',
    message,
    output: state.answer,
    files: state.files,
    usage: usageWithCost(state.usage, state.cost) ?? undefined,
  };
}

function failure({ error, stopReason, refused, toolError }: AcpState, exit: AgentExit): string {
  if (error !== null) return error;
  if (stopReason === null) return `the agent ${describeExit(exit)} before it finished its turn`;
  if (stopReason !== 'end_turn') return `the agent stopped before it was done (${stopReason})`;
  if (refused === null) return '';
  return `the agent stopped when a permission was refused: ${toolError ?? refused}`;
}
