import { type FileHandle, open } from 'node:fs/promises';
import { type AgentEvent, cutEvent } from '../../shared/event.ts';
import { MAX_LOG_BYTES } from '../../shared/limits.ts';
import { untilRoom } from '../runs/durable.ts';
import { encodeEventLine } from '../runs/event-line.ts';
import type { Room } from './host-room.ts';

/** Bytes that wait to be written beyond which `append` makes its caller wait: bounds the memory of a flood. */
const HIGH_WATER_BYTES = 1024 * 1024;
/** How old an event may be before it is on the disk itself; only a power loss can take it earlier. */
const SYNC_MS = 1_000;

/**
 * Appends numbered events to `events.jsonl`. What is appended while a write is under way goes out together in the next one.
 * Beyond `quotaBytes` events are dropped; `close` says how many in one last `log` event. While the host has no `room` they are
 * dropped too, and one `log` event in their place says how many. A full disk is waited for.
 */
export class EventFile {
  readonly #handle: FileHandle;
  readonly #quotaBytes: number;
  readonly #room: Room;
  #lastSeq = 0;
  #storedBytes = 0;
  #dropped = 0;
  /** Dropped for want of room since the last event that was not. */
  #omitted = 0;
  #pending: string[] = [];
  #pendingBytes = 0;
  #writing: Promise<void> | null = null;
  #dirty = false;
  #closing = false;
  readonly #syncTimer: NodeJS.Timeout;

  private constructor(handle: FileHandle, room: Room, quotaBytes: number) {
    this.#handle = handle;
    this.#room = room;
    this.#quotaBytes = quotaBytes;
    this.#syncTimer = setInterval(() => void this.#sync(), SYNC_MS);
  }

  /** Fails when the file exists: one supervisor writes it, from the beginning. */
  static async create(path: string, room: Room, quotaBytes: number = MAX_LOG_BYTES): Promise<EventFile> {
    return new EventFile(await open(path, 'ax', 0o600), room, quotaBytes);
  }

  /** Resolves when there is room for more; await it before reading more of what makes the events. After `close` it drops them. */
  async append(events: readonly AgentEvent[]): Promise<void> {
    if (this.#closing) return;
    for (const event of events) this.#pushWithinQuota(event);
    this.#startWriting();
    while (this.#pendingBytes > HIGH_WATER_BYTES) await this.#writing;
  }

  /** Appends an event that no quota drops: somebody is to act on it. */
  async appendAlways(event: AgentEvent): Promise<void> {
    if (this.#closing) return;
    this.#push(this.#encode(cutEvent(event)));
    this.#startWriting();
    while (this.#pendingBytes > HIGH_WATER_BYTES) await this.#writing;
  }

  /** Makes everything durable and returns the number of the last event; rejects when the disk refused one. */
  async close(now: number): Promise<number> {
    this.#closing = true;
    this.#pushOmitted(now);
    if (this.#dropped > 0) this.#push(this.#encode(droppedMarker(this.#dropped, this.#quotaBytes, now)));
    this.#startWriting();
    clearInterval(this.#syncTimer);
    while (this.#writing !== null) await this.#writing;
    await untilRoom(() => this.#handle.sync());
    await this.#handle.close();
    return this.#lastSeq;
  }

  #pushWithinQuota(event: AgentEvent): void {
    // Once one is dropped for the run's own quota all later ones are: a log without its end is plain, one with holes is not.
    if (this.#dropped > 0) {
      this.#dropped += 1;
      return;
    }
    if (this.#room.isFull) {
      this.#omitted += 1;
      // Which may find that there is room again.
      this.#room.note(0);
      return;
    }
    this.#pushOmitted(event.timestamp);
    const line = this.#encode(cutEvent(event));
    if (this.#storedBytes + Buffer.byteLength(line) > this.#quotaBytes) this.#dropped += 1;
    else this.#push(line);
  }

  #pushOmitted(now: number): void {
    if (this.#omitted === 0) return;
    this.#push(this.#encode(omittedMarker(this.#omitted, this.#room.quotaBytes, now)));
    this.#omitted = 0;
  }

  #encode(event: AgentEvent): string {
    return encodeEventLine(this.#lastSeq + 1, event);
  }

  #push(line: string): void {
    const bytes = Buffer.byteLength(line);
    this.#lastSeq += 1;
    this.#storedBytes += bytes;
    this.#pending.push(line);
    this.#pendingBytes += bytes;
    this.#room.note(bytes);
  }

  #startWriting(): void {
    this.#writing ??= this.#writeAll();
    // `append` and `close` await it; until then a failure must not count as unhandled.
    this.#writing.catch(() => {});
  }

  async #writeAll(): Promise<void> {
    // One turn's events go out in one write.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#pending.length > 0) {
      const batch = this.#pending.join('');
      this.#pending = [];
      this.#pendingBytes = 0;
      let torn = '';
      await untilRoom(async () => {
        // A newline cuts off what an earlier try left half written; a reader skips what it has read before.
        const text = torn + batch;
        torn = '\n';
        await this.#handle.appendFile(text);
      });
      this.#dirty = true;
    }
    this.#writing = null;
  }

  async #sync(): Promise<void> {
    if (!this.#dirty) return;
    this.#dirty = false;
    // A disk that fails here fails in `close` too, which reports it.
    await this.#handle.datasync().catch(() => {});
  }
}

function droppedMarker(dropped: number, quotaBytes: number, now: number): AgentEvent {
  return {
    type: 'log',
    content: `${dropped} events were dropped: the log of a task is limited to ${quotaBytes} bytes.`,
    data: { dropped, limit: 'MAX_LOG_BYTES' },
    timestamp: now,
  };
}

function omittedMarker(dropped: number, quotaBytes: number, now: number): AgentEvent {
  return {
    type: 'log',
    content: `${dropped} events were dropped: the logs of all runs on this host had reached ${quotaBytes} bytes.`,
    data: { dropped, limit: 'MAX_HOST_LOG_BYTES' },
    timestamp: now,
  };
}
