import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { AgentEvent } from '../../shared/event.ts';
import type { Driver } from '../agents/driver.ts';
import { driverFor } from '../agents/registry.ts';
import { type RunEnd, resultOf } from '../domain/outcome.ts';
import { sweep } from '../process/sweep.ts';
import { replaceFile, untilRoom } from '../runs/durable.ts';
import type { ResultFile, RunRequest } from '../runs/files.ts';
import { type RunDirectory, stateDirOf } from '../runs/run-directory.ts';
import { warmDirectory } from '../runs/warm-files.ts';
import { Approvals } from './approvals.ts';
import { ChangeWatch } from './changes.ts';
import { claimRun } from './claim.ts';
import { followControl } from './control.ts';
import type { EndRequest } from './end.ts';
import { EventFile } from './event-file.ts';
import { awaitFirstStart, type FirstStart } from './first-start.ts';
import { HostRoom } from './host-room.ts';
import { InputQueue } from './input.ts';
import type { KeptAgent } from './kept-agent.ts';
import { endWhenRemoved } from './removal-watch.ts';
import { runAgent } from './run-agent.ts';

/** In the state directory: which agents have set up their data. */
const FIRST_STARTS = 'first-starts';
/** In the run directory: what the agent unpacks for itself. Should the supervisor die, it goes with that. */
const TEMPORARY = 'tmp';

export interface Job {
  run: RunDirectory;
  request: RunRequest;
}

/**
 * Runs one run from its request to its result, and returns when the result is durable. Does nothing when the run has had a
 * supervisor or has a result. `end` ends it early. `kept`: the agent that is to run it; it returns the one that is free afterwards,
 * if any. Rejects when the directory cannot be written; no agent is left then.
 */
export async function supervise(
  { run, request }: Job,
  end: EndRequest,
  now: () => number,
  kept: KeptAgent | null,
): Promise<KeptAgent | null> {
  // A supervisor that came up very late may find that the daemon has given the run up.
  if (!(await claimRun(run)) || (await run.result()) !== null) return kept;
  const driver = kept?.driver.again(request, now()) ?? driverFor(request, temporaryOf(run, request));
  const room = new HostRoom(dirname(run.path), () => performance.now());
  await room.look();
  const events = await EventFile.create(run.file('EVENTS'), room);
  const approvals = new Approvals({
    rules: request.rules,
    wish: request.task.permissions ?? 'auto',
    timeoutMs: request.task.approvalTimeout,
    tell: (event) => events.appendAlways(event),
    now,
  });
  const inputs = new InputQueue();
  const control = await followControl(run.file('CONTROL'), (line) => {
    if (line.kind === 'abort') end.request(line.reason);
    else if (line.kind === 'approval') approvals.decided(line.approvalId, line.decision);
    else if (line.kind === 'finish') inputs.say((ear) => ear.finish());
    else inputs.say((ear) => ear.input(line.content));
  });
  await control.drain();
  const stopWatching = endWhenRemoved(run, end);
  const watch = new ChangeWatch(run, request);
  try {
    await watch.begin(end.signal);
    const firstStart = await orderFirstStart(run, driver, end);
    const onSession = sessionKeeper(run, firstStart);
    const removeTemporary = await makeTemporary(run, request, driver);
    const agent = await runAgent({
      request,
      driver,
      end,
      kept,
      events,
      now,
      approvals,
      onSession,
      onStarted: (ear) => inputs.open(ear),
    });
    if (agent.kept === null) await removeTemporary();
    const changes = await watch.changes(reportedFiles(agent.end), agent.end.kind !== 'exited');
    if (watch.complaint !== null) await events.append([unwatched(watch.complaint, now())]);
    // What the look at the work tree may have started, by the repository's own configuration.
    await sweep({ mark: request.mark, agent: null, spare: agent.kept?.own ?? [] });
    const facts = { ...agent, timeoutMs: request.timeoutMs, idleTimeoutMs: request.task.idleTimeout, changes };
    const lastSeq = await events.close(now());
    const result: ResultFile = { lastSeq, finishedAt: now(), ...resultOf(facts) };
    await untilRoom(() => replaceFile(run.file('RESULT'), JSON.stringify(result)));
    return agent.kept;
  } finally {
    await watch.close();
    stopWatching();
    await control.close();
  }
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
  return end.kind === 'unstarted' ? [] : (end.verdict?.files ?? []);
}

function unwatched(why: string, now: number): AgentEvent {
  const content = `What changed is told by the agent alone: ${why}.`;
  return { type: 'log', content, data: { changes: 'agent' }, timestamp: now };
}
