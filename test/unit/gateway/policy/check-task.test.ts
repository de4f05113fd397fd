import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkTask, type Policy } from '../../../../gateway/policy/check-task.ts';
import type { AgentSpec } from '../../../../gateway/runs/files.ts';

let dir: string;
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'gateway-policy-')));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** An owner who has said little; the places are the test's. */
const POLICY: Omit<Policy, 'cwd' | 'allowedRoots'> = {
  agents: new Map([['opencode', { protocol: 'opencode', command: ['/bin/opencode'] }]]),
  passEnv: [],
  taskEnv: null,
  secretEnv: ['MY_*'],
  models: null,
  maxTimeoutMs: null,
  wrap: null,
  permissions: [],
  environment: {},
};

function judged(taskEnv: Record<string, string>, environment: Record<string, string>, allowed: string[] | null = null) {
  const policy: Policy = { ...POLICY, cwd: dir, allowedRoots: [dir], taskEnv: allowed, environment };
  return checkTask({ taskId: 't', prompt: 'p', cwd: '', agentType: 'opencode', env: taskEnv }, policy);
}

test('a session is gone on with only by an agent whose driver can', async () => {
  const policy: Policy = {
    ...POLICY,
    agents: new Map([
      ['opencode', { protocol: 'opencode', command: ['/bin/opencode'] }],
      ...(['claude', 'gemini', 'codex'] as const).map((protocol): [string, AgentSpec] => [
        protocol,
        { protocol, command: [`/bin/${protocol}`] },
      ]),
      ['other', { protocol: 'acp', command: ['/bin/other'] }],
      ['lines', { protocol: 'text', command: ['/bin/cat'], input: true }],
    ]),
    cwd: dir,
    allowedRoots: [dir],
  };
  const judge = (agentType: string, sessionId: string) =>
    checkTask({ taskId: 't', prompt: 'p', cwd: '', agentType, sessionId }, policy);
  for (const agent of ['opencode', 'other']) expect(await judge(agent, 's')).toMatchObject({ kind: 'allowed' });
  const uuid = '9de81a4d-2df8-49db-8889-9a411e862712';
  for (const agent of ['claude', 'gemini', 'codex']) {
    expect(await judge(agent, uuid)).toMatchObject({ kind: 'allowed' });
    // They would go on with another session, or begin one.
    for (const other of ['latest', '1', 'a-title', `${uuid}x`])
      expect(await judge(agent, other)).toMatchObject({ reason: 'agent', message: expect.stringContaining('UUID') });
  }
  expect(await judge('lines', uuid)).toMatchObject({ kind: 'refused', reason: 'agent' });
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

test('[L9] a model that the owner has not allowed is refused by the rule’s name; no model is the agent’s own', async () => {
  const judge = (model: string | undefined, models: string[] | null) =>
    checkTask(
      { taskId: 't', prompt: 'p', cwd: '', agentType: 'opencode', ...(model === undefined ? {} : { model }) },
      { ...POLICY, cwd: dir, allowedRoots: [dir], models },
    );
  for (const model of ['anthropic/large', 'local', undefined])
    expect(await judge(model, ['anthropic/*', 'local'])).toMatchObject({ kind: 'allowed' });
  for (const model of ['openai/large', 'local2', '--model=local', 'x anthropic/large'])
    expect(await judge(model, ['anthropic/*', 'local'])).toMatchObject({
      reason: 'policy',
      message: expect.stringContaining('GATEWAY_MODELS'),
    });
  expect(await judge('any', null)).toMatchObject({ kind: 'allowed' });
});

test('[L9] agents in a sandbox get no work tree: git would work outside it, in what they have written', async () => {
  const judge = (wrap: string[] | null) =>
    checkTask(
      { taskId: 't', prompt: 'p', cwd: '', agentType: 'opencode', workspace: { mode: 'worktree', name: 'n' } },
      { ...POLICY, cwd: dir, allowedRoots: [dir], wrap },
    );
  expect(await judge(['/usr/bin/bwrap'])).toMatchObject({ reason: 'policy', message: expect.stringContaining('wrap') });
  expect(await judge(null)).toMatchObject({ reason: 'directory' });
});

test('[R23] what the task sets is secret, and of the host what is named like a secret or by its owner', async () => {
  const host = { HOME: '/h', ANTHROPIC_API_KEY: 'k', CLAUDE_CODE_OAUTH_TOKEN: 't', OPENAI_ORGANIZATION: 'o' };
  const verdict = await judged({ PLAIN: 'p' }, host);
  if (verdict.kind === 'refused') throw new Error(verdict.message);
  expect(verdict.secretNames.toSorted()).toEqual(['ANTHROPIC_API_KEY', 'CLAUDE_CODE_OAUTH_TOKEN', 'PLAIN']);
  const own = await judged({ MY_VALUE: 'v' }, {});
  expect(own).toMatchObject({ secretNames: ['MY_VALUE'] });
});
