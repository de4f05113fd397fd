import { access, rename, rm } from 'node:fs/promises';
import { LastWords } from '../domain/last-words.ts';
import { bootId } from '../process/identity.ts';
import { sweep } from '../process/sweep.ts';
import { isErrno, replaceFile } from '../runs/durable.ts';
import { eachEvent } from '../runs/event-reader.ts';
import { type ResultFile, RUN_FILES, type SupervisorFile } from '../runs/files.ts';
import { damageIn } from '../runs/read-back.ts';
import { type RunDirectory, stateDirOf } from '../runs/run-directory.ts';
import { warmDirectory } from '../runs/warm-files.ts';

/** What stood in the result's place is kept beside it under this name, for its owner to look at. */
const DAMAGED_SUFFIX = '.damaged';

/** How a lost run ended. */
export interface LostEnd {
  result: ResultFile;
  /** Sentences for the host's owner: what was damaged, or kept the result from being stored. */
  complaints: string[];
}

/**
 * Ends a run that is `lost`: kills what is left of its agent, then writes its result, `agent_crashed`. Returns the result that
 * stands: one that is there already and can be read is never replaced. Where the directory takes no file the result is returned
 * all the same: the server is told, and after a crash the next daemon comes to the same end. Rejects on a full disk.
 */
export async function endLostRun(run: RunDirectory, now: number): Promise<LostEnd> {
  const supervisor = await run.supervisor();
  await sweepRun(run, supervisor);
  const found = await run.readResult();
  if (found.kind === 'value') return { result: found.value, complaints: [] };
  const isDamaged = found.kind === 'damaged';
  const words = new LastWords();
  const lastSeq = await eachEvent(run.file('EVENTS'), (event) => words.add(event));
  const result: ResultFile = {
    lastSeq,
    finishedAt: now,
    result: { success: false, ...(words.text === '' ? {} : { output: words.text }) },
    error: { code: 'agent_crashed', message: isDamaged ? DAMAGED_RESULT : await causeOf(run) },
  };
  const unstored = await store(run, result, isDamaged);
  const complaints = [...(isDamaged ? [found.why] : []), ...(unstored === null ? [] : [unstored])];
  return { result, complaints };
}

/** After a reboot there is nothing to kill. */
async function sweepRun(run: RunDirectory, supervisor: SupervisorFile | null): Promise<void> {
  const { request } = run;
  const mark = request?.mark ?? supervisor?.mark;
  if (mark === undefined || (supervisor?.bootId ?? request?.bootId) !== (await bootId())) return;
  await sweep({ mark, agent: null });
  if (request?.keepWarm !== undefined)
    await rm(warmDirectory(stateDirOf(run), mark).path, { recursive: true, force: true });
}

/** Why the result could not be stored; null when it is. */
async function store(run: RunDirectory, result: ResultFile, isDamaged: boolean): Promise<string | null> {
  const path = run.file('RESULT');
  try {
    if (isDamaged) await rename(path, `${path}${DAMAGED_SUFFIX}`);
    await replaceFile(path, JSON.stringify(result));
    return null;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return `${run.path} was removed while its agent ran: leave the state directory alone`;
    if (damageIn(error, path) === null && !isErrno(error, 'EROFS', 'ENOTEMPTY', 'EEXIST')) throw error;
    return `${run.path} takes no file (${error}): make it writable for the daemon's user, or remove it`;
  }
}

/** File names alone: the path is the host's own business. */
const DAMAGED_RESULT = `the outcome is not known: ${RUN_FILES.RESULT} of this run is damaged on its host`;

async function causeOf(run: RunDirectory): Promise<string> {
  if (!(await run.exists())) return 'the directory of this run was removed on its host; the agent was stopped';
  if (run.request === null) return `${RUN_FILES.REQUEST} of this run is damaged on its host, and nothing supervises it`;
  if (run.request.bootId !== (await bootId())) return 'the host went down while the agent ran';
  // A supervisor makes it before anything else.
  const supervised = await access(run.file('EVENTS')).then(
    () => true,
    () => false,
  );
  return supervised
    ? 'the process that supervised the agent died; the agent was stopped'
    : 'the process that supervises the agent could not be started';
}
