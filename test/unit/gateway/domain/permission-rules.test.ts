import { describe, expect, test } from 'vitest';
import { type PermissionRule, permissionFor } from '../../../../gateway/domain/permission-rules.ts';
import type { ApprovalAction } from '../../../../shared/approval.ts';

const bash = (command: string): ApprovalAction => ({ tool: 'bash', title: command, command });
const edit = (...paths: string[]): ApprovalAction => ({ tool: 'edit', title: 'edit', paths });

describe('[L9] what the owner says comes first', () => {
  const rules: PermissionRule[] = [
    { tool: 'bash', command: 'git push*', decision: 'deny' },
    { tool: 'Bash', command: 'git *', decision: 'allow' },
    { path: '/srv/app/secrets/*', decision: 'deny' },
    { tool: 'edit', path: '/srv/app/*', decision: 'allow' },
    { tool: 'webfetch', decision: 'ask' },
  ];

  test.each<[string, ApprovalAction, PermissionRule['decision']]>([
    ['the first rule that fits', bash('git push --force'), 'deny'],
    ['the next one, whatever the case of the tool', bash('git status'), 'allow'],
    ['a rule for the tool alone', { tool: 'webfetch', title: 'a page' }, 'ask'],
    ['a path within', edit('/srv/app/a.ts', '/srv/app/b/c.ts'), 'allow'],
    ['one forbidden path of several', edit('/srv/app/a.ts', '/srv/app/secrets/key'), 'deny'],
  ])('%s', (_title, action, decision) => {
    expect(permissionFor(rules, 'deny', action)).toBe(decision);
    expect(permissionFor(rules, 'auto', action)).toBe(decision);
  });

  test.each([
    'git status; rm -rf /',
    'git status && rm -rf /',
    'git log | sh',
    'git log $(rm -rf /)',
    'git log `rm -rf /`',
    'git log > /etc/passwd',
    'git log\nrm -rf /',
    'git log &',
  ])('what allows a beginning does not allow %j', (command) => {
    expect(permissionFor(rules, 'ask', bash(command))).toBe('ask');
  });

  test('what forbids a beginning forbids all that follows it', () => {
    expect(permissionFor(rules, 'auto', bash('git push; echo done'))).toBe('deny');
  });

  test('a command that is allowed by its whole text may hold anything', () => {
    const exact = 'cd app && npm test';
    expect(permissionFor([{ command: exact, decision: 'allow' }], 'ask', bash(exact))).toBe('allow');
  });

  test('what allows needs every path, and no way out by ..', () => {
    expect(permissionFor(rules, 'ask', edit('/srv/app/a.ts', '/etc/passwd'))).toBe('ask');
    expect(permissionFor(rules, 'ask', edit('/srv/app/../../etc/passwd'))).toBe('ask');
    expect(permissionFor(rules, 'ask', edit())).toBe('ask');
  });

  test('a pattern is no regular expression', () => {
    expect(permissionFor([{ command: 'ls .', decision: 'allow' }], 'ask', bash('ls x'))).toBe('ask');
    expect(permissionFor([{ command: 'echo (a+)+', decision: 'deny' }], 'auto', bash('echo (a+)+'))).toBe('deny');
  });
});

test.each([
  ['auto', 'allow'],
  ['ask', 'ask'],
  ['deny', 'deny'],
] as const)('without a rule the task decides: %s is %s', (wish, decision) => {
  expect(permissionFor([{ tool: 'edit', decision: 'deny' }], wish, bash('ls'))).toBe(decision);
});
