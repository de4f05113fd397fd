/**
 * A task's number and a position within the task as one integer key, ordered by task, then position. 2^32 positions
 * leave 2^21 tasks below 2^53, where numbers stop being exact; 64 MiB hold far fewer entries than 2^32.
 */
const POSITIONS = 2 ** 32;

export function keyOf(task: number, position: number): number {
  return task * POSITIONS + position;
}

export function positionOf(key: number): number {
  return key % POSITIONS;
}

/** All keys of a task: from the first, exclusive of the second. */
export function keysOf(task: number): [number, number] {
  return [keyOf(task, 0), keyOf(task + 1, 0)];
}
