/** Pure: no clock, no randomness, no storage, no network. */
import { utf8Length, utf8Tail } from '../../shared/utf8.ts';

/** Short texts are joined up to this size: keeps the list of chunks short. */
const MERGE_BYTES = 4096;

/** Keeps the last `maxBytes` UTF-8 bytes of a text that is appended to, in bounded memory. */
export class Tail {
  readonly #maxBytes: number;
  readonly #chunks: { text: string; bytes: number }[] = [];
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  append(text: string): void {
    if (text === '') return;
    const kept = text.length > this.#maxBytes ? text.slice(-this.#maxBytes) : text;
    const bytes = utf8Length(kept);
    const last = this.#chunks.at(-1);
    if (last !== undefined && last.bytes + bytes <= MERGE_BYTES) {
      last.text += kept;
      last.bytes += bytes;
    } else {
      this.#chunks.push({ text: kept, bytes });
    }
    this.#bytes += bytes;
    this.#drop();
  }

  /** The tail; never begins in the middle of a character. */
  get text(): string {
    return utf8Tail(this.#chunks.map((chunk) => chunk.text).join(''), this.#maxBytes);
  }

  #drop(): void {
    let count = 0;
    for (const chunk of this.#chunks) {
      if (this.#bytes - chunk.bytes < this.#maxBytes) break;
      this.#bytes -= chunk.bytes;
      count += 1;
    }
    if (count > 0) this.#chunks.splice(0, count);
  }
}
