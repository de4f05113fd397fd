import { type FileHandle, open } from 'node:fs/promises';
import type { AgentEvent } from '../../shared/event.ts';
import { MAX_EVENT_BYTES } from '../../shared/limits.ts';
import { isErrno } from './durable.ts';
import { claimedNumber, decodeEventLine } from './event-line.ts';
import { damageIn } from './read-back.ts';

/** One `read`; holds a few of the longest lines. */
const CHUNK_BYTES = 256 * 1024;
/** Bytes without a newline beyond which they are no line of ours: twice the longest event. */
const MAX_LINE_BYTES = 2 * MAX_EVENT_BYTES;
const NEWLINE = 0x0a;

export interface ReadLimits {
  maxEvents: number;
  /** Of events as JSON; one event is returned even if it is larger. */
  maxBytes: number;
  /**
   * `lastSeq` of the result, once there is one. Nothing beyond it is returned, and what the file lacks up to it is made up,
   * so that a reader who waits for the last event always gets there.
   */
  lastSeq?: number;
}

export interface ReadEvent {
  n: number;
  event: AgentEvent;
  /** UTF-8 bytes of the event's line, about its size as JSON. */
  bytes: number;
}

/**
 * Reads the events of a run in order, n+1, n+2 … without a hole, however torn the file is. An incomplete or corrupt end is
 * "not there yet", and so is a file that cannot be read; a corrupt line before a good one is returned as a `log` event with
 * `data.lost: true` in its place.
 * Calls must not overlap.
 */
export class EventReader {
  readonly #path: string;
  #next: number;
  #handle: FileHandle | null = null;
  /** Where in the file `#buffer` ends. */
  #offset = 0;
  #buffer: Buffer = Buffer.alloc(0);
  readonly #chunk = Buffer.alloc(CHUNK_BYTES);
  /** A good record that stands behind a hole and is returned after it. */
  #ahead: ReadEvent | null = null;
  #damage: string | null = null;

  /** `after`: number of the last event that is not wanted; 0 reads all. */
  constructor(path: string, after: number) {
    this.#path = path;
    this.#next = after + 1;
  }

  /** Number of the event that `next` returns first. */
  get position(): number {
    return this.#next;
  }

  /** Why the file could not be read last time, as in `ReadBack`; null when it could. */
  get damage(): string | null {
    return this.#damage;
  }

  /**
   * What is there, within the limits; empty when there is nothing more yet. Rejects only with the file system's errors that may
   * pass by themselves.
   */
  async next(limits: ReadLimits): Promise<ReadEvent[]> {
    const lastSeq = limits.lastSeq ?? Number.POSITIVE_INFINITY;
    const events: ReadEvent[] = [];
    let bytes = 0;
    while (events.length < limits.maxEvents && this.#next <= lastSeq) {
      this.#ahead ??= await this.#readRecord();
      const event = this.#eventAtPosition(limits.lastSeq);
      if (event === null) break;
      if (events.length > 0 && bytes + event.bytes > limits.maxBytes) break;
      if (event === this.#ahead) this.#ahead = null;
      events.push(event);
      bytes += event.bytes;
      this.#next += 1;
    }
    return events;
  }

  async close(): Promise<void> {
    await this.#handle?.close();
    this.#handle = null;
  }

  #eventAtPosition(lastSeq: number | undefined): ReadEvent | null {
    if (this.#ahead?.n === this.#next) return this.#ahead;
    return this.#ahead === null && lastSeq === undefined ? null : lostEvent(this.#next);
  }

  /** The next good record at or after the position; null at the end. */
  async #readRecord(): Promise<ReadEvent | null> {
    for (;;) {
      const line = await this.#readLine();
      if (line === null) return null;
      const claimed = claimedNumber(line);
      if (claimed === null || claimed < this.#next) continue;
      const record = decodeEventLine(line);
      if (record !== null) return { ...record, bytes: Buffer.byteLength(line) };
    }
  }

  /** The next whole line without its newline; null when none is there yet. */
  async #readLine(): Promise<string | null> {
    for (;;) {
      const end = this.#buffer.indexOf(NEWLINE);
      if (end >= 0) {
        const line = this.#buffer.toString('utf8', 0, end);
        this.#buffer = this.#buffer.subarray(end + 1);
        return line;
      }
      if (this.#buffer.length > MAX_LINE_BYTES) this.#buffer = Buffer.alloc(0);
      if (!(await this.#readChunk())) return null;
    }
  }

  async #readChunk(): Promise<boolean> {
    try {
      this.#handle ??= await openIfThere(this.#path);
      if (this.#handle === null) return false;
      const { bytesRead } = await this.#handle.read(this.#chunk, 0, CHUNK_BYTES, this.#offset);
      this.#damage = null;
      this.#offset += bytesRead;
      this.#buffer = Buffer.concat([this.#buffer, this.#chunk.subarray(0, bytesRead)]);
      return bytesRead > 0;
    } catch (error) {
      this.#damage = damageIn(error, this.#path);
      if (this.#damage === null) throw error;
      // Opened anew next time: by then it may have been mended.
      await this.close();
      return false;
    }
  }
}

/** Reads all good events of the file; the number of the last one, 0 for none. */
export async function eachEvent(path: string, onEvent: (event: AgentEvent) => void): Promise<number> {
  const reader = new EventReader(path, 0);
  try {
    for (;;) {
      const events = await reader.next({ maxEvents: 1000, maxBytes: CHUNK_BYTES });
      if (events.length === 0) return reader.position - 1;
      for (const { event } of events) onEvent(event);
    }
  } finally {
    await reader.close();
  }
}

function lostEvent(n: number): ReadEvent {
  const event: AgentEvent = {
    type: 'log',
    content: 'This event was damaged on the disk of its host.',
    data: { lost: true },
    timestamp: 0,
  };
  return { n, event, bytes: JSON.stringify(event).length };
}

async function openIfThere(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null;
    throw error;
  }
}
