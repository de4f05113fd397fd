import { DEFAULT_INPUT_WAIT_MS } from '../../shared/limits.ts';
import { type Driver, isConversation, isLasting } from '../agents/driver.ts';
import type { AgentExit } from '../domain/agent-exit.ts';
import type { RunEnd } from '../domain/outcome.ts';
import { processesOfRun } from '../domain/run-processes.ts';
import { processTable } from '../process/process-table.ts';
import { sweep } from '../process/sweep.ts';
import { callAfter, settledWithin } from '../process/timer.ts';
import type { ProcessIdentity, RunRequest } from '../runs/files.ts';
import { type AgentProcess, startAgent, writePrompt } from './agent-process.ts';
import type { Approvals } from './approvals.ts';
import { converse, type Talk } from './conversation.ts';
import type { EndRequest } from './end.ts';
import { becomesIdle } from './idle-watch.ts';
import { type Ear, earOf } from './input.ts';
import type { KeptAgent } from './kept-agent.ts';
import { type OutputDeps, type Reading, readStderr, readStdout } from './output.ts';
import { tap } from './tap.ts';

/**
 * After the agent's end, how long its output may stay open with nothing coming of it; a process that it left behind may hold
 * it for ever.
 */
const OUTPUT_GRACE_MS = 1_000;
/** The same when something does come: from a process that escaped, or slowly for want of a disk. */
const OUTPUT_PATIENCE_MS = 60_000;

/** After the last word of a conversation, with stdin closed, before the agent is killed: OpenCode takes a quarter of a second. */
const FAREWELL_MS = 3_000;
/** What an agent has to stop its turn before it is killed: OpenCode and Gemini CLI take a tenth of a second. Part of the kill's time. */
const CANCEL_MS = 300;

/** Of an agent that has not ended. */
const NO_EXIT: AgentExit = { code: null, signal: null };

export interface AgentDeps extends OutputDeps {
  request: RunRequest;
  driver: Driver;
  end: EndRequest;
  /** The one that runs it; null: one is started. */
  kept: KeptAgent | null;
  approvals: Approvals;
  /** Called when the agent runs, with what it can be told by. */
  onStarted(ear: Ear): void;
}

export interface AgentRun {
  end: RunEnd;
  durationMs: number;
  stderrTail: string;
  /** The agent is still there, free for another task; null as a rule. */
  kept: KeptAgent | null;
}

/**
 * Runs the agent to its end or until an end is requested, its time limit included. When it resolves every process that the
 * agent started is gone, itself unless it is kept, and all output that came has been handed on.
 */
export async function runAgent(deps: AgentDeps): Promise<AgentRun> {
  const { request, driver, end } = deps;
  if (end.reason !== null) return notRun({ kind: 'cut', reason: end.reason, exit: null, verdict: null });
  let agent: AgentProcess;
  try {
    agent = deps.kept?.process ?? (await startAgent(request, driver.plan, end.signal));
  } catch (error) {
    if (end.reason !== null) return notRun({ kind: 'cut', reason: end.reason, exit: null, verdict: null });
    return notRun({ kind: 'unstarted', message: error instanceof Error ? error.message : String(error) });
  }
  const started = performance.now();
  const cancelTimeout = callAfter(request.timeoutMs, () => end.request('timeout'));
  const { stdin } = agent.child;
  const isKept = request.keepWarm !== undefined && isLasting(driver);
  const own = belongings(deps, agent);
  const talk = isConversation(driver)
    ? converse(driver, stdin, { ...deps, openForMs: openForMs(request), isKept, beforeFirstTurn: isKept ? own : null })
    : null;
  const taps = { stdout: tap(agent.child.stdout, isKept), stderr: tap(agent.child.stderr, isKept) };
  const stdout = readStdout(taps.stdout.view, { ...deps, driver: talk?.listener ?? driver });
  const stderr = readStderr(taps.stderr.view, deps);
  const output = Promise.all([stdout.done, stderr.done]);
  const stopWatching = watchForIdleness(agent, deps, () =>
    deps.approvals.waiting || talk?.waiting === true ? 0 : Math.min(stdout.quietMs(), stderr.quietMs()),
  );
  output.catch((error: unknown) => {
    console.error('reading the output failed', error);
    end.request('disk');
  });
  if (talk === null) writePrompt(agent.child, driver.plan);
  else talk.open();
  deps.onStarted(talk ?? earOf(stdin, driver.plan, deps));

  const kind = await endingOf(agent, deps, talk, isKept);
  const durationMs = performance.now() - started;
  cancelTimeout();
  stopWatching();
  deps.approvals.withdrawAll();
  talk?.finish();
  if (kind === 'exited') await settledWithin(output, OUTPUT_GRACE_MS);
  const spare = kind === 'over' ? await own() : [];
  const left = await sweep({ mark: request.mark, agent: await agent.identity, spare });
  if (left.length > 0) console.error('these processes could not be killed', left);
  const stderrTail = () => stderr.tail.text;
  if (kind === 'over' && isLasting(driver)) {
    for (const each of [taps.stdout, taps.stderr]) each.release();
    await output.catch(() => {});
    const verdict = driver.verdict(NO_EXIT);
    const kept = { process: agent, driver, own: spare };
    return { end: { kind: 'exited', exit: NO_EXIT, verdict }, durationMs, stderrTail: stderrTail(), kept };
  }
  await outputEnds(output, [stdout, stderr]);
  stdin.destroy();
  for (const each of [taps.stdout, taps.stderr]) each.destroy();
  await output.catch(() => {});
  return {
    end: endOf(agent, kind === 'cut' ? 'cut' : 'exited', deps),
    durationMs,
    stderrTail: stderrTail(),
    kept: null,
  };
}

/** What belongs to the agent itself: all that there is of it when it is first asked for, before its first turn has done anything. */
function belongings({ request, kept }: AgentDeps, agent: AgentProcess): () => Promise<readonly ProcessIdentity[]> {
  let found: Promise<readonly ProcessIdentity[]> | null = kept === null ? null : Promise.resolve(kept.own);
  const look = async () =>
    processesOfRun(await processTable(request.mark), { agent: await agent.identity, known: [], self: process.pid });
  return () => {
    found ??= look();
    return found;
  };
}

/** How long an interactive session waits for the next input; null for others. */
function openForMs({ task }: RunRequest): number | null {
  return task.interactive === true ? (task.idleTimeout ?? DEFAULT_INPUT_WAIT_MS) : null;
}

/** Requests the end of an agent that is silent for the task's `idleTimeout`; returns what stops the watch. */
function watchForIdleness(agent: AgentProcess, deps: AgentDeps, outputQuietMs: () => number): () => void {
  const { request, end } = deps;
  const { idleTimeout: idleTimeoutMs } = request.task;
  if (idleTimeoutMs === undefined) return () => {};
  const stop = new AbortController();
  becomesIdle({ idleTimeoutMs, mark: request.mark, agent: agent.identity, outputQuietMs }, stop.signal).then(
    (isIdle) => {
      if (isIdle) end.request('idle');
    },
    // The time limit is still there.
    (error: unknown) => console.error('the agent is no longer watched for idleness', error),
  );
  return () => stop.abort();
}

/** Destroying a stream throws away what it holds unread: it is waited for until nothing more comes of any. */
async function outputEnds(output: Promise<unknown>, streams: Reading[]): Promise<void> {
  const deadline = performance.now() + OUTPUT_PATIENCE_MS;
  while (!(await settledWithin(output, OUTPUT_GRACE_MS))) {
    const quiet = streams.every((stream) => stream.quietMs() >= OUTPUT_GRACE_MS);
    if (quiet || performance.now() > deadline) break;
  }
}

/**
 * Resolves when the agent has ended by itself, or its end was requested. When a conversation is over it has a moment to go, or all the
 * time that it takes for itself; should it stay, that is no failure of its own. `over`: it is, and the agent is to be kept.
 */
async function endingOf(
  agent: AgentProcess,
  { driver, end }: AgentDeps,
  talk: Talk | null,
  isKept: boolean,
): Promise<'exited' | 'cut' | 'over'> {
  const exited = agent.exit.then(() => 'exited' as const);
  const cut = end.wait().then(() => 'cut' as const);
  const over = talk?.over.then(() => 'over' as const);
  const first = await Promise.race([exited, cut, ...(over === undefined ? [] : [over])]);
  if (first === 'exited') return 'exited';
  if (first === 'over' && isConversation(driver)) {
    if (isKept && driver.takesTurns()) return 'over';
    if (driver.endsByItself) return Promise.race([exited, cut]);
    await settledWithin(Promise.race([exited, cut]), FAREWELL_MS);
    return 'exited';
  }
  talk?.cancel();
  if (over !== undefined) await settledWithin(Promise.race([exited, over]), CANCEL_MS);
  return 'cut';
}

function endOf(agent: AgentProcess, kind: 'exited' | 'cut', { driver, end }: AgentDeps): RunEnd {
  const { exitCode: code, signalCode: signal } = agent.child;
  const exit = { code, signal };
  const verdict = driver.verdict(exit);
  return kind === 'exited' ? { kind, exit, verdict } : { kind, reason: end.reason ?? 'stopped', exit, verdict };
}

function notRun(end: RunEnd): AgentRun {
  return { end, durationMs: 0, stderrTail: '', kept: null };
}
