import { lstat, readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type RunRef, runRefSchema } from '../../shared/protocol/run-ref.ts';
import { isErrno } from './durable.ts';
import { RUN_FILES, type RunRequest, runRequestSchema } from './files.ts';
import { readBack } from './read-back.ts';
import { directoryName, RUNS, RunDirectory, TRANSIENT_PREFIX } from './run-directory.ts';

const NAME_PATTERN = /^(.+)\.([1-9]\d{0,14})$/;

/**
 * The run at `path`, by its name when its request is damaged; null when there is no run: no directory, no request, or that
 * of another run.
 */
export async function openRun(path: string): Promise<RunDirectory | null> {
  const ref = refOf(basename(path));
  if (ref === null || !(await isDirectory(path))) return null;
  const request = await readBack<RunRequest>(join(path, RUN_FILES.REQUEST), runRequestSchema);
  switch (request.kind) {
    case 'absent':
      return null;
    case 'damaged':
      return new RunDirectory(path, ref, null);
    case 'value':
      return directoryName(request.value) === directoryName(ref) ? new RunDirectory(path, ref, request.value) : null;
  }
}

export interface RunList {
  /** Oldest first; those whose request is damaged before all others, for they are of any age. */
  runs: RunDirectory[];
  /** Names in `<stateDir>/runs` that are no run. Left alone; tell the owner. */
  foreign: string[];
}

/** All runs of a state directory; empty when it has none. */
export async function listRuns(stateDir: string): Promise<RunList> {
  const list: RunList = { runs: [], foreign: [] };
  for (const name of await namesIn(join(stateDir, RUNS))) {
    if (name.startsWith(TRANSIENT_PREFIX)) continue;
    const run = await openRun(join(stateDir, RUNS, name));
    if (run === null) list.foreign.push(name);
    else list.runs.push(run);
  }
  list.runs.sort((a, b) => (a.request?.createdAt ?? 0) - (b.request?.createdAt ?? 0));
  return list;
}

/**
 * Removes what a crash left of directories that were being made or removed, and returns the paths of those that cannot be. For the
 * daemon's start, before any `createRun`.
 */
export async function removeLeftovers(stateDir: string): Promise<string[]> {
  const stuck: string[] = [];
  for (const name of await namesIn(join(stateDir, RUNS))) {
    if (!name.startsWith(TRANSIENT_PREFIX)) continue;
    const path = join(stateDir, RUNS, name);
    await rm(path, { recursive: true, force: true }).catch(() => stuck.push(path));
  }
  return stuck;
}

function refOf(name: string): RunRef | null {
  const [, taskId, attempt] = NAME_PATTERN.exec(name) ?? [];
  const ref = runRefSchema.safeParse({ taskId, attempt: Number(attempt) });
  return ref.success ? ref.data : null;
}

/** Of what cannot even be looked at, false: it is nothing that this user's daemon has made. */
async function isDirectory(path: string): Promise<boolean> {
  return lstat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

async function namesIn(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).sort();
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
}
