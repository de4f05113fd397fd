import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunRef } from '../../shared/protocol/run-ref.ts';
import { fsyncDirectory, isErrno, isThere, replaceFile, writeNewFile } from './durable.ts';
import {
  type ControlLine,
  type ResultFile,
  RUN_FILES,
  type RunRequest,
  resultFileSchema,
  type SettledFile,
  sessionFileSchema,
  settledFileSchema,
  supervisorFileSchema,
} from './files.ts';
import { type ReadBack, readBack, usableContent } from './read-back.ts';

/**
 * What the daemon does with run directories. Beside this file:
 * `run-list.ts` finds those of a state directory, `event-reader.ts` reads `events.jsonl`, `watch-run.ts` tells of changes, `run-state.ts` says whether a run is unstarted,
 * running, finished or lost, `supervisor/launch.ts` starts a supervisor, `supervisor/lost.ts` ends a run whose supervisor
 * died, `process/identity.ts` has `isAlive`, `ownIdentity` and `bootId`.
 */

export const RUNS = 'runs';
/** For the owner alone. */
export const DIRECTORY_MODE = 0o700;
/** Directories that are being made or removed; never a run, for task ids begin with a letter or digit. */
export const TRANSIENT_PREFIX = '.';

/**
 * One run on disk. Every read goes to the disk: another process writes there. A file that is damaged reads as absent; whoever
 * must know the difference asks `damages` of `damage.ts`, or `readResult`.
 */
export class RunDirectory {
  readonly path: string;
  readonly ref: RunRef;
  /** What to run; never changes. Null when the file is damaged: then the directory's name alone says which run this is. */
  readonly request: RunRequest | null;

  constructor(path: string, { taskId, attempt }: RunRef, request: RunRequest | null) {
    this.path = path;
    this.ref = { taskId, attempt };
    this.request = request;
  }

  /** Absolute path of one of the run's files. */
  file(name: keyof typeof RUN_FILES): string {
    return join(this.path, RUN_FILES[name]);
  }

  /** Who supervises, or did; null while none has started. */
  supervisor() {
    return usableContent(this.file('SUPERVISOR'), supervisorFileSchema);
  }

  /** The agent's session id; null until the agent has named it. */
  async session(): Promise<string | null> {
    return (await usableContent(this.file('SESSION'), sessionFileSchema))?.sessionId ?? null;
  }

  /** How it ended; null while it has not. Every event up to its `lastSeq` was durable before it. */
  result(): Promise<ResultFile | null> {
    return usableContent(this.file('RESULT'), resultFileSchema);
  }

  /** The same, told apart from a result that is there and cannot be used. */
  readResult(): Promise<ReadBack<ResultFile>> {
    return readBack(this.file('RESULT'), resultFileSchema);
  }

  /** The server's last word; null while there is none. */
  settled(): Promise<SettledFile | null> {
    return usableContent(this.file('SETTLED'), settledFileSchema);
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

  /** False only when the directory is certainly gone. */
  exists(): Promise<boolean> {
    return isThere(this.path);
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

/** The state directory that it lies in. */
export function stateDirOf(run: RunDirectory): string {
  return join(run.path, '..', '..');
}

/** Where the directory of a run is. */
export function runPath(stateDir: string, ref: RunRef): string {
  return join(stateDir, RUNS, directoryName(ref));
}

/** What a run's directory is called. */
export function directoryName({ taskId, attempt }: RunRef): string {
  return `${taskId}.${attempt}`;
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
  const path = runPath(stateDir, request);
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
  return new RunDirectory(path, request, request);
}
