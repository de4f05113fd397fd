import type { Permissions } from './approval.ts';

/** What a task may need of a host beyond version 1 of the protocol, by the names that `register.features` announces. */
export const FEATURES = [
  /** `idleTimeout` is kept. */
  'idle_timeout',
  /** `sessionId` of a task is the agent's session to go on with. */
  'sessions',
  /** `permissions` other than `auto`: the agent's questions become approvals, or are denied. */
  'permissions',
  /** `interactive`: the agent's session stays open for the next input until `task:finish`. */
  'interactive',
  /** `workspace`: a git work tree of the task's own. */
  'worktree',
] as const;
export type Feature = (typeof FEATURES)[number];

/** Announced beside them by a gateway that keeps its token itself and takes the next one by `token:renewed`. */
export const TOKEN_RENEWAL = 'token_renewal';

/** The features without which a host would run the task other than it asks. */
export function neededFeatures(task: {
  idleTimeout?: number | undefined;
  resumeSession?: string | undefined;
  permissions?: Permissions | undefined;
  interactive?: boolean | undefined;
  workspace?: { mode: 'direct' | 'worktree' } | undefined;
}): Feature[] {
  const needed: Feature[] = [];
  if (task.idleTimeout !== undefined) needed.push('idle_timeout');
  if (task.resumeSession !== undefined) needed.push('sessions');
  if (task.permissions !== undefined && task.permissions !== 'auto') needed.push('permissions');
  if (task.interactive === true) needed.push('interactive');
  if (task.workspace?.mode === 'worktree') needed.push('worktree');
  return needed;
}
