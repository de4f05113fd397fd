import type { ReportedRun } from '../../shared/protocol/register.ts';
import type { RunRef } from '../../shared/protocol/run-ref.ts';
import { log } from '../logger.ts';
import { EventReader } from './event-reader.ts';
import type { ResultFile } from './files.ts';
import type { RunDirectory } from './run-directory.ts';

/**
 * What the server is still to be told of a run.
 * - `all`: events and result.
 * - `end`: its late result alone; the attempt was given away.
 * - `nothing`: it is settled; the directory goes when the agent has ended.
 */
export type Owed = 'all' | 'end' | 'nothing';

/** Counting reads and drops events: large steps. */
const COUNT_STEP = { maxEvents: 10_000, maxBytes: 4 * 1024 * 1024 };

/** A run as the daemon sees it: what it last read from the directory. All of it can be read again after a crash. */
export class LocalRun {
  readonly directory: RunDirectory;
  /** Empty until the agent has named it. */
  sessionId = '';
  /** Null while the agent runs. */
  result: ResultFile | null = null;
  owed: Owed = 'all';
  abortRequested = false;
  readonly #counter: EventReader;
  readonly #complaints = new Set<string>();

  constructor(directory: RunDirectory) {
    this.directory = directory;
    this.#counter = new EventReader(directory.file('EVENTS'), 0);
  }

  get ref(): RunRef {
    return this.directory.ref;
  }

  get key(): string {
    return runKey(this.ref);
  }

  /** The agent's session: as the agent names it, before that as the task asks for. */
  get session(): string | undefined {
    return this.sessionId === '' ? this.directory.request?.task.sessionId : this.sessionId;
  }

  /** Reads again what the supervisor has written beside events. */
  async refresh(): Promise<void> {
    this.sessionId = (await this.directory.session()) ?? '';
    this.result = await this.directory.result();
  }

  /** As `register` reports it, as far as it can be read: one run must not keep the others from it. Calls must not overlap. */
  async report(): Promise<ReportedRun> {
    try {
      const result = this.result ?? (await this.directory.result());
      if (result !== null) return { ...this.ref, lastSeq: result.lastSeq, finished: true };
      while ((await this.#counter.next(COUNT_STEP)).length > 0);
      this.complain(this.#counter.damage);
    } catch (error) {
      log.error('run {taskId}.{attempt} could not be counted: {error}', { ...this.ref, error: String(error) });
    }
    return { ...this.ref, lastSeq: this.#counter.position - 1, finished: this.result !== null };
  }

  /** Tells the host's owner of a damaged file, once; null is no complaint. */
  complain(why: string | null): void {
    if (why === null || this.#complaints.has(why)) return;
    this.#complaints.add(why);
    log.error('damaged file of run {taskId}.{attempt}: {why}', { ...this.ref, why });
  }

  close(): Promise<void> {
    return this.#counter.close();
  }
}

export function runKey(ref: RunRef): string {
  return `${ref.taskId}.${ref.attempt}`;
}
