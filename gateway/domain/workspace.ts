/** Pure: no clock, no randomness, no storage, no network. */
import type { RunRequest } from '../runs/files.ts';

/** Of the work tree that a run works in; null when it works in its directory itself. */
export function workspaceName({
  taskId,
  attempt,
  task,
}: Pick<RunRequest, 'taskId' | 'attempt' | 'task'>): string | null {
  if (task.workspace === undefined) return null;
  return task.workspace.name ?? `${taskId}.${attempt}`;
}

/** Whether two directories, both absolute and without symlinks, are the same or one holds the other. */
export function overlap(a: string, b: string): boolean {
  const isIn = (path: string, root: string) => path.startsWith(root) && /^[/\\]/.test(path.slice(root.length));
  return a === b || isIn(a, b) || isIn(b, a);
}
