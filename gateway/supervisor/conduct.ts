import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkspaceResult } from '../../shared/workspace.ts';
import type { Driver } from '../agents/driver.ts';
import { driverFor } from '../agents/registry.ts';
import { logEvent } from '../domain/agent-lines.ts';
import type { RunEnd, RunFacts } from '../domain/outcome.ts';
import { gitProblem } from '../git/git.ts';
import { sweep } from '../process/sweep.ts';
import { replaceFile, untilRoom } from '../runs/durable.ts';
import type { RunRequest } from '../runs/files.ts';
import { type RunDirectory, stateDirOf } from '../runs/run-directory.ts';
import { warmDirectory } from '../runs/warm-files.ts';
import type { Approvals } from './approvals.ts';
import { ChangeWatch } from './changes.ts';
import type { EndRequest } from './end.ts';
import { awaitFirstStart, type FirstStart } from './first-start.ts';
import type { Ear, InputQueue } from './input.ts';
import type { KeptAgent } from './kept-agent.ts';
import type { EventSink } from './redacted-events.ts';
import { runHeard } from './run-heard.ts';
import { NoPlaceError, type Place, placeRun } from './workspace.ts';

/** In the state directory: which agents have set up their data. */
const FIRST_STARTS = 'first-starts';
/** In the run directory: what the agent unpacks for itself. Should the supervisor die, it goes with that. */
const TEMPORARY = 'tmp';

export interface ConductDeps {
  run: RunDirectory;
  end: EndRequest;
  events: EventSink;
  approvals: Approvals;
  inputs: InputQueue;
  /** The agent that is to run it; null: one is started. */
  kept: KeptAgent | null;
  now(): number;
}

export interface Conducted {
  facts: RunFacts;
  /** The agent that is free now, if any. */
  kept: KeptAgent | null;
}

/** All that a run does: its place, its agent, what that has changed. Nothing that the run started is left, but an agent that is kept. */
export async function conduct(wanted: RunRequest, deps: ConductDeps): Promise<Conducted> {
  const { run, end, events, now } = deps;
  const { timeoutMs, mark, task } = wanted;
  const limits = { timeoutMs, idleTimeoutMs: task.idleTimeout };
  const stateDir = stateDirOf(run);
  let place: Place;
  try {
    place = await placeRun(wanted, { stateDir, end: end.signal, tell: (event) => events.append([event]), now });
  } catch (error) {
    await sweep({ mark, agent: null });
    const nothing = { durationMs: 0, stderrTail: '', changes: {}, workspace: null };
    return { facts: { end: unplaced(error, end), ...limits, ...nothing }, kept: null };
  }
  const { request } = place;
  const watch = new ChangeWatch(run, request);
  const note = (content: string, data: unknown) => events.append([logEvent(content, data, now())]);
  try {
    if (request.neighbours !== undefined)
      await note(neighboursWarning(request.neighbours), { neighbours: request.neighbours });
    await watch.begin(end.signal);
    const anew = () => driverFor(request, temporaryOf(run, request));
    const driver = deps.kept?.driver.again(request, now()) ?? anew();
    await holdBack(driver, deps);
    const firstStart = await orderFirstStart(run, driver, end);
    const onSession = sessionKeeper(run, firstStart);
    const removeTemporary = await makeTemporary(run, request, driver);
    const onStarted = (ear: Ear) => deps.inputs.open(ear);
    const agent = await runHeard({ ...deps, request, driver, onSession, onStarted }, anew);
    if (agent.kept === null) await removeTemporary();
    const wasCut = agent.end.kind !== 'exited';
    const changes = await watch.changes(reportedFiles(agent.end), wasCut);
    if (watch.complaint !== null)
      await note(`What changed is told by the agent alone: ${watch.complaint}.`, { changes: 'agent' });
    const workspace = await place.finish(wasCut).catch(async (error: unknown): Promise<WorkspaceResult | null> => {
      await note(`What is not committed stays in the work tree: ${gitProblem(error)}.`, { workspace: 'uncommitted' });
      return null;
    });
    // What git may have started, by the repository's own configuration.
    await sweep({ mark, agent: null, spare: agent.kept?.own ?? [] });
    return { facts: { ...agent, ...limits, changes, workspace }, kept: agent.kept };
  } finally {
    await watch.close();
  }
}

function unplaced(error: unknown, { reason }: EndRequest): RunEnd {
  if (reason !== null) return { kind: 'cut', reason, exit: null, verdict: null };
  if (error instanceof NoPlaceError) return { kind: 'unplaced', message: error.message };
  throw error;
}

function neighboursWarning(count: number): string {
  const others = count === 1 ? 'Another task is' : `${count} other tasks are`;
  return `${others} at work in this directory: what they change mixes. "workspace": {"mode": "worktree"} keeps tasks apart.`;
}

/** One that may be kept has its own place: it outlives the run's directory. */
function temporaryOf(run: RunDirectory, { mark, keepWarm }: RunRequest): string {
  return keepWarm === undefined ? join(run.path, TEMPORARY) : warmDirectory(stateDirOf(run), mark).tmp;
}

/** Makes the agent's temporary directory; returns what removes it, and where it is kept. Neither failing is a reason not to run. */
async function makeTemporary(run: RunDirectory, { mark, keepWarm }: RunRequest, { plan: { temporary } }: Driver) {
  if (temporary === null) return async () => {};
  const complain = (error: unknown) => console.error('the temporary directory', error);
  await mkdir(temporary, { recursive: true, mode: 0o700 }).catch(complain);
  const all = keepWarm === undefined ? temporary : warmDirectory(stateDirOf(run), mark).path;
  return () => rm(all, { recursive: true, force: true }).catch(complain);
}

/** Waits for the moment from which on the agent can be started. */
async function holdBack(driver: Driver, { events, end, now }: ConductDeps): Promise<void> {
  const hold = driver.hold?.(now()) ?? null;
  if (hold === null) return;
  await events.append([logEvent(hold.reason, { ms: hold.ms }, now())]);
  // An end that was requested meanwhile is seen by what comes next.
  await sleep(hold.ms, undefined, { signal: end.signal }).catch(() => {});
}

/** Holds the start back while another agent sets up the same data for the first time. */
async function orderFirstStart(run: RunDirectory, driver: Driver, end: EndRequest): Promise<FirstStart | null> {
  const { sharedData, command } = driver.plan;
  if (sharedData === null) return null;
  const marks = join(stateDirOf(run), FIRST_STARTS);
  try {
    return await awaitFirstStart(marks, command[0] ?? '', sharedData, end.signal);
  } catch (error) {
    // An order of starts is a help, not a condition.
    if (end.reason === null) console.error('the first start could not be ordered', error);
    return null;
  }
}

/** Stores the session id whenever it changes. No agent is ended because that fails. */
function sessionKeeper(run: RunDirectory, firstStart: FirstStart | null) {
  let stored: string | null = null;
  return async (sessionId: string) => {
    if (sessionId === stored) return;
    stored = sessionId;
    try {
      await untilRoom(() => replaceFile(run.file('SESSION'), JSON.stringify({ sessionId })));
      await firstStart?.done();
    } catch (error) {
      console.error('the session id could not be stored', error);
    }
  };
}

function reportedFiles(end: RunEnd): readonly string[] {
  return 'verdict' in end ? (end.verdict?.files ?? []) : [];
}
