import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkTask, type Policy } from '../../../../gateway/policy/check-task.ts';

let dir: string;
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'gateway-policy-')));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function judged(taskEnv: Record<string, string>, environment: Record<string, string>, allowed: string[] | null = null) {
  const policy: Policy = {
    agents: new Map([['opencode', { protocol: 'opencode', command: ['/bin/opencode'] }]]),
    cwd: dir,
    allowedRoots: [dir],
    passEnv: [],
    taskEnv: allowed,
    permissions: [],
    environment,
  };
  return checkTask({ taskId: 't', prompt: 'p', cwd: '', agentType: 'opencode', env: taskEnv }, policy);
}

test('a session is gone on with only by an agent whose driver can', async () => {
  const policy: Policy = {
    agents: new Map([
      ['opencode', { protocol: 'opencode', command: ['/bin/opencode'] }],
      ['claude-code', { protocol: 'claude', command: ['/bin/claude'] }],
      ['lines', { protocol: 'text', command: ['/bin/cat'], input: true }],
    ]),
    cwd: dir,
    allowedRoots: [dir],
    passEnv: [],
    taskEnv: null,
    permissions: [],
    environment: {},
  };
  const judge = (agentType: string) =>
    checkTask({ taskId: 't', prompt: 'p', cwd: '', agentType, sessionId: 's' }, policy);
  for (const agent of ['opencode', 'claude-code']) expect(await judge(agent)).toMatchObject({ kind: 'allowed' });
  expect(await judge('lines')).toMatchObject({ kind: 'refused', reason: 'agent' });
});

describe('[L9] what the owner has said of OpenCode', () => {
  const owner = { OPENCODE_PERMISSION: '{"bash":"deny"}' };

  test.each(['OPENCODE_PERMISSION', 'OPENCODE_CONFIG_CONTENT', 'OPENCODE_CONFIG', 'OPENCODE_CONFIG_DIR'])(
    'no task replaces by %s',
    async (name) => {
      const verdict = await judged({ [name]: '{"bash":"allow"}' }, owner);
      expect(verdict).toMatchObject({ kind: 'refused', reason: 'environment' });
    },
  );

  test('a task may say where the owner has said nothing, or allows it by name', async () => {
    expect(await judged({ OPENCODE_PERMISSION: '{}' }, {})).toMatchObject({ kind: 'allowed' });
    expect(await judged({ OPENCODE_PERMISSION: '{}' }, owner, ['OPENCODE_*'])).toMatchObject({ kind: 'allowed' });
  });
});
