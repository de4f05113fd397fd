import { MAX_BATCH_BYTES, MAX_BATCH_EVENTS } from '../../shared/limits.ts';
import type { TaskSettled } from '../../shared/protocol/task-settled.ts';
import type { Uplink } from '../connection/uplink.ts';
import { endFrame } from '../domain/end-frame.ts';
import { afterAck, afterRetry, newUpload, nextStep, type UploadState } from '../domain/upload.ts';
import { EventReader } from '../runs/event-reader.ts';
import type { LocalRun } from '../runs/local-run.ts';
import type { Channel, ChannelDeps, Resume, Turn } from './channel.ts';

/** Where the server names none. */
const DEFAULT_RETRY_MS = 1_000;

/** Uploads a run with acknowledgements: what is not acknowledged is sent again, the end until it is settled. */
export class ChannelV2 implements Channel {
  readonly #run: LocalRun;
  readonly #uplink: Uplink;
  readonly #deps: ChannelDeps;
  #state: UploadState;
  #reader: EventReader;

  constructor(run: LocalRun, uplink: Uplink, deps: ChannelDeps, { ackedSeq }: Resume) {
    this.#run = run;
    this.#uplink = uplink;
    this.#deps = deps;
    this.#state = newUpload(ackedSeq);
    this.#reader = new EventReader(run.directory.file('EVENTS'), ackedSeq);
  }

  get unacked(): number {
    return this.#state.inFlight?.bytes ?? 0;
  }

  async turn(): Promise<Turn> {
    const { owed, sessionId, result } = this.#run;
    const now = this.#deps.now();
    const step = nextStep(this.#state, { owed, sessionId, lastSeq: result?.lastSeq ?? null }, now);
    switch (step.do) {
      case 'wait':
        return { kind: 'idle', until: step.until };
      case 'announce':
        this.#uplink.send({ type: 'task:started', ...this.#run.ref, sessionId });
        this.#state = { ...this.#state, announced: sessionId };
        return { kind: 'again' };
      case 'events':
        return this.#sendEvents();
      case 'end':
        if (result !== null) this.#uplink.send(endFrame(2, this.#run.ref, result));
        this.#state = { ...this.#state, endSentAt: now };
        return { kind: 'again' };
    }
  }

  announceAgain(): void {
    this.#state = { ...this.#state, announced: null };
  }

  ack(seq: number): void {
    this.#state = afterAck(this.#state, seq, this.#deps.now());
  }

  settled({ outcome, reason, retryAfter }: TaskSettled): void {
    if (outcome === 'retry') this.#state = afterRetry(this.#state, retryAfter ?? DEFAULT_RETRY_MS, this.#deps.now());
    else this.#deps.settle(outcome, reason);
  }

  close(): Promise<void> {
    return this.#reader.close();
  }

  async #sendEvents(): Promise<Turn> {
    const { acked, inFlight } = this.#state;
    // A batch that is sent again has its room already; waiting for an answer to make some could be for ever.
    if (inFlight === null && !this.#deps.hasRoom()) return { kind: 'blocked' };
    if (this.#reader.position !== acked + 1) {
      await this.#reader.close();
      this.#reader = new EventReader(this.#run.directory.file('EVENTS'), acked);
    }
    const lastSeq = this.#run.result?.lastSeq;
    const limits = { maxEvents: MAX_BATCH_EVENTS, maxBytes: MAX_BATCH_BYTES };
    const events = await this.#reader.next(lastSeq === undefined ? limits : { ...limits, lastSeq });
    this.#run.complain(this.#reader.damage);
    const last = events.at(-1)?.n;
    if (last === undefined) return { kind: 'idle', until: null };
    // An acknowledgement may have come while the disk was read: what it covers is not sent again.
    if (this.#state.acked !== acked) return { kind: 'again' };
    const bytes = events.reduce((sum, event) => sum + event.bytes, 0);
    this.#uplink.send({
      type: 'task:events',
      ...this.#run.ref,
      seq: acked + 1,
      events: events.map(({ event }) => event),
    });
    this.#state = { ...this.#state, inFlight: { last, bytes, sentAt: this.#deps.now() } };
    return { kind: 'again' };
  }
}
