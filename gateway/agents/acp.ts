import { randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import { againAcp, openAcp } from '../domain/acp-calls.ts';
import { answerAcp, cancelAcp, inputToAcp, restOfAcp, stepAcp } from '../domain/acp-parse.ts';
import { type AcpStep, type AcpTask, isOver, takesTurns } from '../domain/acp-state.ts';
import { acpVerdict } from '../domain/acp-verdict.ts';
import type { AgentSpec, RunRequest } from '../runs/files.ts';
import { packageVersion } from '../version.ts';
import type { Exchange, LastingConversation, LaunchPlan } from './driver.ts';
import { geminiHold, geminiOwnerDecides } from './gemini.ts';
import { openCodeData, openCodeEnvironment, openCodeOwnerDecides } from './opencode.ts';

type AcpSpec = Extract<AgentSpec, { protocol: 'acp' }>;

/** Any agent by the Agent Client Protocol; why so: `docs/decisions/0019-acp.md`. */
export function acpDriver(request: RunRequest, spec: AcpSpec, temporary: string): LastingConversation {
  const names = spec.command.map((word) => basename(word.toLowerCase(), '.exe'));
  const isGemini = isGeminiCli(names);
  const env = {
    ...surroundings(request.env, temporary),
    ...request.env,
    ...askingOpenCode(request),
    // It leaves reports and scripts in the temporary directory.
    ...(isGemini ? { TMPDIR: temporary } : {}),
  };
  const plan = {
    command: spec.command,
    env,
    formatInput: null,
    sharedData: names.includes(OPENCODE) ? openCodeData(env) : null,
    temporary,
  };
  return conversation(plan, names, openAcp(taskOf(request, names)), request.task.sessionId);
}

function conversation(
  plan: Omit<LaunchPlan, 'stdin'>,
  names: readonly string[],
  opening: AcpStep,
  /** The session that it has to load. */
  loads: string | undefined,
): LastingConversation {
  let { state } = opening;
  const take = (step: AcpStep): Exchange => {
    state = step.state;
    return { events: step.events, sessionId: state.sessionId, send: step.send, question: step.question };
  };
  return {
    endsByItself: false,
    plan: { ...plan, stdin: opening.send },
    hold: (now) => (loads === undefined || !isGeminiCli(names) ? null : geminiHold(plan.env, loads, now)),
    line: (text, now) => take(stepAcp(state, text, now)),
    input: (content, now) => take(inputToAcp(state, content, now)),
    answer: (key, decision, now) => take(answerAcp(state, key, decision, now)),
    cancel: () => take(cancelAcp(state)),
    rest: (now) => take(restOfAcp(state, now)).events,
    isOver: () => isOver(state),
    takesTurns: () => takesTurns(state),
    again(request, now) {
      const { sessionId } = request.task;
      const isOpen = sessionId !== undefined && state.opened.includes(sessionId);
      const next = againAcp(state, taskOf(request, names), now);
      return conversation(plan, names, next, isOpen ? undefined : sessionId);
    },
    sessionInLog: () => null,
    verdict: (exit) => acpVerdict(state, exit),
  };
}

const OPENCODE = 'opencode';
const GEMINI = 'gemini';

function isGeminiCli(names: readonly string[]): boolean {
  return names.some((name) => name.includes(GEMINI));
}

function taskOf({ task, env }: RunRequest, names: readonly string[]): AcpTask {
  const ownerDecides = [...(openCodeOwnerDecides(env) ? [OPENCODE] : []), ...(geminiOwnerDecides(env) ? [GEMINI] : [])];
  return {
    cwd: task.cwd,
    prompt: task.prompt,
    model: task.model ?? null,
    sessionId: task.sessionId ?? null,
    permissions: { ownerDecides, names },
    client: { name: 'agent-gateway', version: packageVersion() },
  };
}

/** What known agents need, for each of them: a command does not always tell which one it starts, and none minds another's names. */
function surroundings(env: Readonly<Record<string, string>>, temporary: string): Record<string, string> {
  return {
    ...openCodeEnvironment(env, temporary),
    // While it speaks ACP, OpenCode serves its API on a port of loopback, to every user of the machine unless there is a password.
    OPENCODE_SERVER_PASSWORD: randomUUID(),
    // A process in front of it that would ignore SIGTERM.
    GEMINI_CLI_NO_RELAUNCH: 'true',
  };
}

/** What OpenCode is to ask about, by its own names for it. Of itself it asks about little. */
const ASK_ABOUT = { edit: 'ask', bash: 'ask', webfetch: 'ask', external_directory: 'ask' };

/** Where the run is to decide what OpenCode may do, it has to be asked; the owner's own word in OpenCode's settings stands. */
function askingOpenCode({ task, rules, env }: RunRequest): Record<string, string> {
  const decides = rules.length > 0 || (task.permissions ?? 'auto') !== 'auto';
  return decides && !openCodeOwnerDecides(env) ? { OPENCODE_PERMISSION: JSON.stringify(ASK_ABOUT) } : {};
}
