import { expect, test } from 'vitest';
import { overlap, workspaceName } from '../../../../gateway/domain/workspace.ts';

test('[R20] directories overlap when one is the other or holds it', () => {
  expect(overlap('/a/b', '/a/b')).toBe(true);
  expect(overlap('/a/b', '/a/b/c')).toBe(true);
  expect(overlap('/a/b/c', '/a/b')).toBe(true);
  expect(overlap('/a/b', '/a/bc')).toBe(false);
  expect(overlap('/a/b', '/a/c')).toBe(false);
});

test('[R20] a work tree is called by the attempt that made it', () => {
  const task = { taskId: 't', prompt: 'p', cwd: '/w', agentType: 'a' };
  const nameOf = (more: object) => workspaceName({ taskId: 't', attempt: 2, task: { ...task, ...more } });
  expect(nameOf({})).toBeNull();
  expect(nameOf({ workspace: { mode: 'worktree' } })).toBe('t.2');
  expect(nameOf({ workspace: { mode: 'worktree', name: 'first.1' } })).toBe('first.1');
});
