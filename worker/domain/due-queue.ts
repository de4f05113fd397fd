/**
 * Deadlines by time: a binary heap whose outdated entries are dropped when they surface, or when they are most of it. Pure.
 */

/** Whose deadline it is. */
export interface DueKey {
  kind: 'task' | 'host';
  id: string;
}

interface Entry extends DueKey {
  due: number;
}

/** Outdated entries that are not worth a sweep. */
const SWEEP_ABOVE = 1024;

function nameOf({ kind, id }: DueKey): string {
  return `${kind}:${id}`;
}

export class DueQueue {
  #heap: Entry[] = [];
  readonly #current = new Map<string, number>();

  /** Entries in memory, outdated ones included. */
  get size(): number {
    return this.#heap.length;
  }

  /** Sets, moves or (with `null`) removes the one deadline of `key`. */
  set({ kind, id }: DueKey, due: number | null): void {
    const name = nameOf({ kind, id });
    if (due === null) {
      this.#current.delete(name);
      this.#sweep();
      return;
    }
    if (this.#current.get(name) === due) return;
    this.#current.set(name, due);
    this.#push({ due, kind, id });
    this.#sweep();
  }

  /** The earliest deadline, or null when there is none. */
  earliest(): number | null {
    this.#dropOutdated();
    return this.#heap[0]?.due ?? null;
  }

  /** Removes and returns the keys that are due at `now`, earliest first. */
  takeDue(now: number): DueKey[] {
    const keys: DueKey[] = [];
    for (;;) {
      this.#dropOutdated();
      const first = this.#heap[0];
      if (first === undefined || first.due > now) return keys;
      this.#current.delete(nameOf(first));
      keys.push({ kind: first.kind, id: first.id });
    }
  }

  #dropOutdated(): void {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || this.#isCurrent(first)) return;
      this.#pop();
    }
  }

  #isCurrent(entry: Entry): boolean {
    return this.#current.get(nameOf(entry)) === entry.due;
  }

  /** A deadline a week away would outlive its task by a week: rebuilt once most entries are outdated. */
  #sweep(): void {
    if (this.#heap.length <= SWEEP_ABOVE || this.#heap.length <= 2 * this.#current.size) return;
    const kept = new Map<string, Entry>();
    for (const entry of this.#heap) if (this.#isCurrent(entry)) kept.set(nameOf(entry), entry);
    // What is sorted is a heap.
    this.#heap = [...kept.values()].sort((a, b) => a.due - b.due);
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.push(entry) - 1;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = heap[parentIndex];
      if (parent === undefined || parent.due <= entry.due) break;
      heap[index] = parent;
      index = parentIndex;
    }
    heap[index] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let childIndex = 2 * index + 1;
      let child = heap[childIndex];
      const right = heap[childIndex + 1];
      if (child !== undefined && right !== undefined && right.due < child.due) {
        childIndex += 1;
        child = right;
      }
      if (child === undefined || child.due >= last.due) break;
      heap[index] = child;
      index = childIndex;
    }
    heap[index] = last;
  }
}
