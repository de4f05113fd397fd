import type { RunRef } from '../../../shared/protocol/run-ref.ts';

/** Beyond it the oldest is asked of the log again. */
const MAX_REMEMBERED = 10_000;

/** The last event number known to be stored, per task: saves asking the log when the end comes. */
export class StoredSeqs {
  readonly #seqs = new Map<string, { attempt: number; seq: number }>();

  get({ taskId, attempt }: RunRef): number | undefined {
    const known = this.#seqs.get(taskId);
    return known?.attempt === attempt ? known.seq : undefined;
  }

  set({ taskId, attempt }: RunRef, seq: number): void {
    this.#seqs.delete(taskId);
    this.#seqs.set(taskId, { attempt, seq });
    if (this.#seqs.size <= MAX_REMEMBERED) return;
    const [oldest] = this.#seqs.keys();
    if (oldest !== undefined) this.#seqs.delete(oldest);
  }
}
