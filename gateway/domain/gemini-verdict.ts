/** Pure: no clock, no randomness, no storage, no network. */
import type { TaskUsage } from '../../shared/task.ts';
import { type AgentExit, describeExit, UNFINISHED, type Verdict } from './agent-exit.ts';
import type { GeminiResult } from './gemini-line.ts';
import { type GeminiState, resultError } from './gemini-parse.ts';
import { addUsage } from './usage.ts';

/** Success is exit 0 and a `result` that says so: ended by a signal, Gemini exits with 0 and has printed none. */
export function geminiVerdict({ result, answer, files }: GeminiState, exit: AgentExit): Verdict {
  const message = failure(result, exit);
  return { success: message === '', message, output: answer, files, usage: usageOf(result) };
}

/** Its exit code for want of input. */
const NO_INPUT_CODE = 42;
const NO_INPUT = 'No input provided via stdin';

/**
 * Whether it found nothing on stdin and ended. It waits there for half a second, by a timer that fires before what lies in the pipe is read
 * when its loop was busy for so long.
 */
export function missedPrompt({ sessionId, result }: GeminiState, exit: AgentExit, stderr: string): boolean {
  return sessionId === null && result === null && exit.code === NO_INPUT_CODE && stderr.includes(NO_INPUT);
}

function failure(result: GeminiResult | null, exit: AgentExit): string {
  if (result !== null && result.status !== 'success') return resultError(result);
  if (exit.code !== 0) return `the agent ${describeExit(exit)}`;
  return result === null ? UNFINISHED : '';
}

function usageOf(result: GeminiResult | null): TaskUsage | undefined {
  if (result?.stats === undefined) return undefined;
  const { total_tokens: total, input_tokens: inputTokens, cached: cachedInputTokens } = result.stats;
  return addUsage(null, { inputTokens, outputTokens: total - inputTokens, cachedInputTokens });
}
