import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunRef } from '../../shared/protocol/run-ref.ts';
import { fsyncDirectory, isErrno, readJson, replaceFile, writeNewFile } from './durable.ts';
import {
  type ControlLine,
  type ResultFile,
  RUN_FILES,
  type RunRequest,
  resultFileSchema,
  runRequestSchema,
  type SettledFile,
  sessionFileSchema,
  settledFileSchema,
  supervisorFileSchema,
} from './files.ts';

/**
 * What the daemon does with run directories. Beside this file:
 * `event-reader.ts` reads `events.jsonl`, `watch-run.ts` tells of changes, `run-state.ts` says whether a run is unstarted,
 * running, finished or lost, `supervisor/launch.ts` starts a supervisor, `supervisor/lost.ts` ends a run whose supervisor
 * died, `process/identity.ts` has `isAlive`, `ownIdentity` and `bootId`.
 */

const RUNS = 'runs';
const DIRECTORY_MODE = 0o700;
/** Directories that are being made or removed; never a run, for task ids begin with a letter or digit. */
const TRANSIENT_PREFIX = '.';

/** One run on disk. Every read goes to the disk: another process writes there. */
export class RunDirectory {
  readonly path: string;
  /** What to run; never changes. */
  readonly request: RunRequest;

  constructor(path: string, request: RunRequest) {
    this.path = path;
    this.request = request;
  }

  get ref(): RunRef {
    return { taskId: this.request.taskId, attempt: this.request.attempt };
  }

  /** Absolute path of one of the run's files. */
  file(name: keyof typeof RUN_FILES): string {
    return join(this.path, RUN_FILES[name]);
  }

  /** Who supervises, or did; null while none has started. */
  supervisor() {
    return readJson(this.file('SUPERVISOR'), supervisorFileSchema);
  }

  /** The agent's session id; null until the agent has named it. */
  async session(): Promise<string | null> {
    return (await readJson(this.file('SESSION'), sessionFileSchema))?.sessionId ?? null;
  }

  /** How it ended; null while it has not. Every event up to its `lastSeq` was durable before it. */
  result(): Promise<ResultFile | null> {
    return readJson(this.file('RESULT'), resultFileSchema);
  }

  /** The server's last word; null while there is none. */
  settled(): Promise<SettledFile | null> {
    return readJson(this.file('SETTLED'), settledFileSchema);
  }

  /** Durable when it resolves; the directory may be removed from then on. */
  writeSettled(settled: SettledFile): Promise<void> {
    return replaceFile(this.file('SETTLED'), JSON.stringify(settled));
  }

  /** Tells the supervisor to abort, or hands it input. Repeating a line (same `id`) is harmless. */
  async appendControl(line: ControlLine): Promise<void> {
    const handle = await open(this.file('CONTROL'), 'a', 0o600);
    try {
      // The leading newline cuts off what an earlier daemon left half written.
      await handle.appendFile(`\n${JSON.stringify(line)}\n`);
    } finally {
      await handle.close();
    }
  }

  /** Removes the directory; after a crash in the middle it is no run any more. */
  async remove(): Promise<void> {
    const doomed = join(this.path, '..', `${TRANSIENT_PREFIX}removed-${randomUUID()}`);
    try {
      await rename(this.path, doomed);
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return;
      throw error;
    }
    await rm(doomed, { recursive: true, force: true });
  }
}

/** Thrown by `createRun`: this attempt has a directory; it is never made anew. */
export class RunExistsError extends Error {
  constructor(ref: RunRef) {
    super(`the run ${ref.taskId}.${ref.attempt} exists already`);
    this.name = 'RunExistsError';
  }
}

/**
 * Makes `<stateDir>/runs/<taskId>.<attempt>`, durable with its request when it resolves; whole or not there at all.
 * Throws `RunExistsError`, or the file system's error.
 */
export async function createRun(stateDir: string, request: RunRequest): Promise<RunDirectory> {
  const runs = join(stateDir, RUNS);
  await mkdir(runs, { recursive: true, mode: DIRECTORY_MODE });
  const path = join(runs, `${request.taskId}.${request.attempt}`);
  const temporary = join(runs, `${TRANSIENT_PREFIX}new-${randomUUID()}`);
  await mkdir(temporary, { mode: DIRECTORY_MODE });
  try {
    await writeNewFile(join(temporary, RUN_FILES.REQUEST), JSON.stringify(request));
    await fsyncDirectory(temporary);
    // A rename onto a directory that holds anything fails, which is what makes creation exclusive.
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    if (isErrno(error, 'ENOTEMPTY', 'EEXIST', 'ENOTDIR')) throw new RunExistsError(request);
    throw error;
  }
  await fsyncDirectory(runs);
  return new RunDirectory(path, request);
}

/** The run at `path`; null when it has no usable request. */
export async function openRun(path: string): Promise<RunDirectory | null> {
  try {
    const request = await readJson(join(path, RUN_FILES.REQUEST), runRequestSchema);
    return request === null ? null : new RunDirectory(path, request);
  } catch (error) {
    if (isErrno(error, 'ENOTDIR', 'EISDIR')) return null;
    throw error;
  }
}

export interface RunList {
  runs: RunDirectory[];
  /** Names in `<stateDir>/runs` that are no run: corrupt or foreign. Left alone; tell the owner. */
  foreign: string[];
}

/** All runs of a state directory, oldest first; empty when it has none. */
export async function listRuns(stateDir: string): Promise<RunList> {
  const list: RunList = { runs: [], foreign: [] };
  for (const name of await namesIn(join(stateDir, RUNS))) {
    if (name.startsWith(TRANSIENT_PREFIX)) continue;
    const run = await openRun(join(stateDir, RUNS, name)).catch((error: unknown) => {
      // One that this user cannot read must not keep the daemon from its others.
      if (isErrno(error, 'EACCES', 'EPERM', 'ELOOP')) return null;
      throw error;
    });
    const own = run !== null && name === `${run.ref.taskId}.${run.ref.attempt}`;
    if (own) list.runs.push(run);
    else list.foreign.push(name);
  }
  list.runs.sort((a, b) => a.request.createdAt - b.request.createdAt);
  return list;
}

/** Removes what a crash left of directories that were being made or removed. For the daemon's start, before any `createRun`. */
export async function removeLeftovers(stateDir: string): Promise<void> {
  for (const name of await namesIn(join(stateDir, RUNS))) {
    if (name.startsWith(TRANSIENT_PREFIX)) await rm(join(stateDir, RUNS, name), { recursive: true, force: true });
  }
}

async function namesIn(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).sort();
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
}
