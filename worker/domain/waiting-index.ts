/** The waiting tasks, in lines of equal demand, each ordered by creation; who waits for a retry stands in none. Pure. */
import { demandKey } from './placement.ts';
import type { PoolTask } from './pool-task.ts';

function insertionPoint(line: readonly PoolTask[], order: number): number {
  let low = 0;
  let high = line.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const task = line[middle];
    if (task !== undefined && task.order < order) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Puts the task where its place in the order of creation is. */
export function insertInOrder(line: PoolTask[], task: PoolTask): void {
  line.splice(insertionPoint(line, task.order), 0, task);
}

/** Looking for the next task costs as much as there are different demands, not as there are waiting tasks. */
export class WaitingIndex {
  readonly #lines = new Map<string, PoolTask[]>();
  readonly #keys = new Map<string, string>();
  readonly #deferred = new Set<string>();

  /** How many wait, those for a retry included. */
  get size(): number {
    return this.#keys.size + this.#deferred.size;
  }

  add(task: PoolTask): void {
    this.remove(task);
    if (task.retryAt !== undefined) {
      this.#deferred.add(task.id);
      return;
    }
    const key = demandKey(task);
    const line = this.#lines.get(key);
    if (line === undefined) this.#lines.set(key, [task]);
    else insertInOrder(line, task);
    this.#keys.set(task.id, key);
  }

  remove(task: Pick<PoolTask, 'id' | 'order'>): void {
    this.#deferred.delete(task.id);
    const key = this.#keys.get(task.id);
    if (key === undefined) return;
    this.#keys.delete(task.id);
    const line = this.#lines.get(key);
    if (line === undefined) return;
    const index = insertionPoint(line, task.order);
    if (line[index]?.id === task.id) line.splice(index, 1);
    if (line.length === 0) this.#lines.delete(key);
  }

  /** The oldest task of every line, oldest first. */
  heads(): PoolTask[] {
    const heads: PoolTask[] = [];
    for (const [first] of this.#lines.values()) if (first !== undefined) heads.push(first);
    return heads.sort((a, b) => a.order - b.order);
  }

  /** The oldest task with the same demands, or null. */
  headLike(task: PoolTask): PoolTask | null {
    return this.#lines.get(demandKey(task))?.[0] ?? null;
  }
}
