import { MAX_BATCH_BYTES, MAX_BATCH_EVENTS } from '../../shared/limits.ts';
import type { Uplink } from '../connection/uplink.ts';
import { endFrame } from '../domain/end-frame.ts';
import { replaceFile } from '../runs/durable.ts';
import { EventReader } from '../runs/event-reader.ts';
import { uploadedFileSchema } from '../runs/files.ts';
import type { LocalRun } from '../runs/local-run.ts';
import { usableContent } from '../runs/read-back.ts';
import type { Channel, ChannelDeps, Turn } from './channel.ts';

/** A version-1 server acknowledges nothing: a socket that stays open this long after the end was written has taken it. */
const SETTLE_AFTER_MS = 5_000;

/**
 * Uploads a run to a version-1 server. Events are counted as told once the system has taken them from the socket, and that
 * number is kept on disk: a reconnect or a new daemon goes on behind it.
 */
export class ChannelV1 implements Channel {
  readonly unacked = 0;
  readonly #run: LocalRun;
  readonly #uplink: Uplink;
  readonly #deps: ChannelDeps;
  #reader: EventReader | null = null;
  #announced: string | null = null;
  #endWrittenAt: number | null = null;

  constructor(run: LocalRun, uplink: Uplink, deps: ChannelDeps) {
    this.#run = run;
    this.#uplink = uplink;
    this.#deps = deps;
  }

  async turn(): Promise<Turn> {
    const { owed, sessionId, result, ref } = this.#run;
    if (owed === 'nothing') return { kind: 'idle', until: null };
    if (owed === 'all' && this.#announced !== sessionId) {
      this.#uplink.send({ type: 'task:started', taskId: ref.taskId, sessionId });
      this.#announced = sessionId;
      return { kind: 'again' };
    }
    if (owed === 'all' && (await this.#sendEvents())) return { kind: 'again' };
    if (result === null || !this.#uplink.open) return { kind: 'idle', until: null };
    // The result came after the events were read: those before it are still due.
    if (owed === 'all' && this.#position() <= result.lastSeq) return { kind: 'again' };
    if (this.#endWrittenAt === null) {
      this.#uplink.send(endFrame(1, ref, result));
      if (await this.#uplink.flushed()) this.#endWrittenAt = this.#deps.now();
      return { kind: 'again' };
    }
    const until = this.#endWrittenAt + SETTLE_AFTER_MS;
    if (this.#deps.now() < until) return { kind: 'idle', until };
    this.#deps.settle('committed', undefined);
    return { kind: 'idle', until: null };
  }

  announceAgain(): void {
    this.#announced = null;
  }

  ack(): void {}

  settled(): void {}

  async close(): Promise<void> {
    await this.#reader?.close();
  }

  #position(): number {
    return this.#reader?.position ?? 1;
  }

  /** Whether anything was sent. */
  async #sendEvents(): Promise<boolean> {
    const { directory, result, ref } = this.#run;
    this.#reader ??= new EventReader(
      directory.file('EVENTS'),
      (await usableContent(directory.file('UPLOADED'), uploadedFileSchema))?.written ?? 0,
    );
    const limits = { maxEvents: MAX_BATCH_EVENTS, maxBytes: MAX_BATCH_BYTES };
    const events = await this.#reader.next(result === null ? limits : { ...limits, lastSeq: result.lastSeq });
    this.#run.complain(this.#reader.damage);
    const last = events.at(-1);
    if (last === undefined || !this.#uplink.open) return false;
    for (const { event } of events) this.#uplink.send({ type: 'task:event', taskId: ref.taskId, event });
    if (await this.#uplink.flushed())
      await replaceFile(directory.file('UPLOADED'), JSON.stringify({ written: last.n }));
    return true;
  }
}
