import { MAX_UNACKED_BYTES } from '../../shared/limits.ts';
import type { RunRef } from '../../shared/protocol/run-ref.ts';
import type { TaskSettled } from '../../shared/protocol/task-settled.ts';
import type { Uplink } from '../connection/uplink.ts';
import { Turns } from '../domain/turns.ts';
import { log } from '../logger.ts';
import type { SettledFile } from '../runs/files.ts';
import { type LocalRun, runKey } from '../runs/local-run.ts';
import { Wake } from '../wake.ts';
import type { Channel, Resume } from './channel.ts';
import { ChannelV1 } from './channel-v1.ts';
import { ChannelV2 } from './channel-v2.ts';

/** ms before a run whose files could not be read is looked at again. */
const DISK_RETRY_MS = 1_000;
/** Longest sleep of a run; a server's `retryAfter` beyond what a timer can hold would end at once. */
const MAX_SLEEP_MS = 60 * 60 * 1000;

export interface UploaderDeps {
  /** ms, monotonic. */
  now(): number;
  settle(run: LocalRun, outcome: SettledFile['outcome'], reason: string | undefined): void;
}

/** Sends what the server is owed of all runs over one connection, in fair turns. Ends with the connection. */
export class Uploader {
  readonly #uplink: Uplink;
  readonly #deps: UploaderDeps;
  readonly #channels = new Map<LocalRun, Channel>();
  readonly #byKey = new Map<string, LocalRun>();
  readonly #turns = new Turns<LocalRun>();
  readonly #blocked = new Set<LocalRun>();
  readonly #timers = new Map<LocalRun, NodeJS.Timeout>();
  readonly #wake = new Wake();
  #serving: Channel | null = null;
  #stopped = false;

  constructor(uplink: Uplink, deps: UploaderDeps) {
    this.#uplink = uplink;
    this.#deps = deps;
  }

  /** Begins to send a run, its events after `ackedSeq`; one that is being sent says `task:started` again. */
  add(run: LocalRun, resume: Resume): void {
    const sending = this.#channels.get(run);
    if (sending !== undefined) {
      sending.announceAgain();
      this.changed(run);
      return;
    }
    const deps = {
      now: this.#deps.now,
      hasRoom: () => this.#unacked() < MAX_UNACKED_BYTES,
      settle: (outcome: SettledFile['outcome'], reason: string | undefined) => {
        this.remove(run);
        this.#deps.settle(run, outcome, reason);
      },
    };
    const channel =
      this.#uplink.protocol === 2
        ? new ChannelV2(run, this.#uplink, deps, resume)
        : new ChannelV1(run, this.#uplink, deps);
    this.#channels.set(run, channel);
    this.#byKey.set(run.key, run);
    this.changed(run);
  }

  /** The run may have something new. */
  changed(run: LocalRun): void {
    if (this.#stopped || !this.#channels.has(run)) return;
    this.#turns.add(run);
    this.#wake.set();
  }

  ack(ref: RunRef, seq: number): void {
    const run = this.#byKey.get(runKey(ref));
    if (run === undefined) return;
    this.#channels.get(run)?.ack(seq);
    // Those that waited for room go before the one that has just been served.
    this.#unblock();
    this.changed(run);
  }

  settled(message: TaskSettled): void {
    const run = this.#byKey.get(runKey(message));
    if (run === undefined) return;
    this.#channels.get(run)?.settled(message);
    this.changed(run);
  }

  /** Sends nothing more of this run. */
  remove(run: LocalRun): void {
    const channel = this.#channels.get(run);
    clearTimeout(this.#timers.get(run));
    this.#timers.delete(run);
    this.#channels.delete(run);
    this.#byKey.delete(run.key);
    this.#blocked.delete(run);
    this.#turns.delete(run);
    // One whose turn it is closes its files after it: closed under it, they would be opened again.
    if (channel !== this.#serving) void channel?.close();
    this.#unblock();
  }

  /** Serves the runs until `stop`. */
  async run(): Promise<void> {
    while (!this.#stopped) {
      const run = this.#turns.next();
      if (run === null) await this.#wake.wait();
      else await this.#serve(run);
    }
    for (const channel of this.#channels.values()) await channel.close();
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#wake.set();
  }

  async #serve(run: LocalRun): Promise<void> {
    const channel = this.#channels.get(run);
    if (channel === undefined) return;
    this.#serving = channel;
    try {
      const turn = await channel.turn();
      if (this.#channels.get(run) !== channel) return;
      if (turn.kind === 'again') this.#turns.add(run);
      else if (turn.kind === 'blocked') this.#blocked.add(run);
      else if (turn.until !== null) this.#callLater(run, turn.until);
    } catch (error) {
      log.error('cannot send run {taskId}.{attempt}: {error}', { ...run.ref, error: String(error) });
      this.#callLater(run, this.#deps.now() + DISK_RETRY_MS);
    } finally {
      this.#serving = null;
      if (this.#channels.get(run) !== channel) await channel.close();
    }
  }

  #callLater(run: LocalRun, until: number): void {
    clearTimeout(this.#timers.get(run));
    if (this.#stopped) return;
    this.#timers.set(
      run,
      setTimeout(() => this.changed(run), Math.min(Math.max(0, until - this.#deps.now()), MAX_SLEEP_MS)),
    );
  }

  #unblock(): void {
    for (const waiting of this.#blocked) this.changed(waiting);
    this.#blocked.clear();
  }

  #unacked(): number {
    let bytes = 0;
    for (const channel of this.#channels.values()) bytes += channel.unacked;
    return bytes;
  }
}
