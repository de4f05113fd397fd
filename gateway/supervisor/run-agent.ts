import type { Driver } from '../agents/driver.ts';
import type { RunEnd } from '../domain/outcome.ts';
import { sweep } from '../process/sweep.ts';
import { callAfter, settledWithin } from '../process/timer.ts';
import type { RunRequest } from '../runs/files.ts';
import { type AgentProcess, startAgent, writePrompt } from './agent-process.ts';
import type { EndRequest } from './end.ts';
import { becomesIdle } from './idle-watch.ts';
import { type OutputDeps, type Reading, readStderr, readStdout } from './output.ts';

/**
 * After the agent's end, how long its output may stay open with nothing coming of it; a process that it left behind may hold
 * it for ever.
 */
const OUTPUT_GRACE_MS = 1_000;
/** The same when something does come: from a process that escaped, or slowly for want of a disk. */
const OUTPUT_PATIENCE_MS = 60_000;

export interface AgentDeps extends OutputDeps {
  request: RunRequest;
  driver: Driver;
  end: EndRequest;
  /** Called when the agent runs: what a `task:input` writes goes to it. */
  onStarted(agent: AgentProcess): void;
}

export interface AgentRun {
  end: RunEnd;
  durationMs: number;
  stderrTail: string;
}

/**
 * Runs the agent to its end or until an end is requested, its time limit included. When it resolves every process that the
 * agent started is gone and all output that came has been handed on.
 */
export async function runAgent(deps: AgentDeps): Promise<AgentRun> {
  const { request, driver, end } = deps;
  if (end.reason !== null) return notRun({ kind: 'cut', reason: end.reason, exit: null, verdict: null });
  let agent: AgentProcess;
  try {
    agent = await startAgent(request, driver.plan, end.signal);
  } catch (error) {
    if (end.reason !== null) return notRun({ kind: 'cut', reason: end.reason, exit: null, verdict: null });
    return notRun({ kind: 'unstarted', message: error instanceof Error ? error.message : String(error) });
  }
  const started = performance.now();
  const cancelTimeout = callAfter(request.timeoutMs, () => end.request('timeout'));
  const stdout = readStdout(agent.child.stdout, deps);
  const stderr = readStderr(agent.child.stderr, deps);
  const output = Promise.all([stdout.done, stderr.done]);
  const stopWatching = watchForIdleness(agent, deps, () => Math.min(stdout.quietMs(), stderr.quietMs()));
  output.catch((error: unknown) => {
    console.error('reading the output failed', error);
    end.request('disk');
  });
  writePrompt(agent.child, driver.plan);
  deps.onStarted(agent);

  const exited = await Promise.race([agent.exit, end.wait().then(() => null)]);
  const durationMs = performance.now() - started;
  cancelTimeout();
  stopWatching();
  if (exited !== null) await settledWithin(output, OUTPUT_GRACE_MS);
  const left = await sweep({ mark: request.mark, agent: await agent.identity });
  if (left.length > 0) console.error('these processes could not be killed', left);
  await closeOutput(agent, output, [stdout, stderr]);
  return { end: endOf(agent, exited, deps), durationMs, stderrTail: stderr.tail.text };
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

/** Destroying a stream throws away what it holds unread: only one of which nothing more comes is. */
async function closeOutput(agent: AgentProcess, output: Promise<unknown>, streams: Reading[]): Promise<void> {
  const deadline = performance.now() + OUTPUT_PATIENCE_MS;
  while (!(await settledWithin(output, OUTPUT_GRACE_MS))) {
    const quiet = streams.every((stream) => stream.quietMs() >= OUTPUT_GRACE_MS);
    if (quiet || performance.now() > deadline) break;
  }
  agent.child.stdin.destroy();
  agent.child.stdout.destroy();
  agent.child.stderr.destroy();
  await output.catch(() => {});
}

function endOf(agent: AgentProcess, exited: Awaited<AgentProcess['exit']> | null, deps: AgentDeps): RunEnd {
  if (exited !== null) return { kind: 'exited', exit: exited, verdict: deps.driver.verdict(exited) };
  const { exitCode: code, signalCode: signal } = agent.child;
  const exit = { code, signal };
  return { kind: 'cut', reason: deps.end.reason ?? 'stopped', exit, verdict: deps.driver.verdict(exit) };
}

function notRun(end: RunEnd): AgentRun {
  return { end, durationMs: 0, stderrTail: '' };
}
