import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { acpDriver } from '../../../../gateway/agents/acp.ts';
import { isConversation } from '../../../../gateway/agents/driver.ts';
import { driverFor } from '../../../../gateway/agents/registry.ts';
import { agentSpecSchema, type RunRequest } from '../../../../gateway/runs/files.ts';

const spec = { protocol: 'acp' as const, command: ['/bin/opencode', 'acp'] };
const request: RunRequest = {
  taskId: 't',
  attempt: 1,
  task: { taskId: 't', prompt: '--help', cwd: '/work', agentType: 'opencode' },
  agent: spec,
  env: { HOME: '/nowhere' },
  secretNames: [],
  wrap: null,
  rules: [],
  mark: 'm'.repeat(16),
  timeoutMs: 1000,
  spawnRetries: 0,
  createdAt: 0,
  bootId: 'b',
};

describe('how an agent is started that speaks ACP', () => {
  it("the command is the owner's, word for word; the prompt comes once the agent has a session", () => {
    const { plan } = acpDriver(request, spec, '/run/tmp');
    expect(plan.command).toEqual(spec.command);
    expect(JSON.parse(plan.stdin)).toMatchObject({ method: 'initialize', params: { protocolVersion: 1 } });
    expect(plan.stdin).not.toContain('--help');
  });

  it("OpenCode's port has a password of this run, unless the owner has one; its first start is ordered", () => {
    const password = () => acpDriver(request, spec, '/run/tmp').plan.env.OPENCODE_SERVER_PASSWORD;
    expect(password()).toMatch(/^[0-9a-f-]{36}$/);
    expect(password()).not.toBe(password());
    const own = { ...request, env: { ...request.env, OPENCODE_SERVER_PASSWORD: 'own' } };
    const { plan } = acpDriver(own, spec, '/run/tmp');
    expect(plan.env.OPENCODE_SERVER_PASSWORD).toBe('own');
    expect(plan.sharedData).toBe('/nowhere/.local/share/opencode');
    expect(acpDriver(request, { ...spec, command: ['/bin/other'] }, '/run/tmp').plan.sharedData).toBeNull();
  });

  it('Gemini CLI heeds SIGTERM, and what it leaves behind goes with the run', () => {
    const { plan } = acpDriver(request, { ...spec, command: ['/bin/gemini', '--acp'] }, '/run/tmp');
    expect(plan.env).toMatchObject({ GEMINI_CLI_NO_RELAUNCH: 'true', TMPDIR: '/run/tmp' });
  });

  it('Gemini CLI goes on with a session when the minute is over in which that began', async () => {
    const home = await mkdtemp(join(tmpdir(), 'gateway-test-'));
    const chats = join(home, '.gemini', 'tmp', 'project', 'chats');
    await mkdir(chats, { recursive: true });
    await writeFile(join(chats, 'session-2026-11-27T10-20-01234567.jsonl'), '');
    const sessionId = '01234567-0000-4000-8000-000000000000';
    const follow = { ...request, env: { HOME: home }, task: { ...request.task, sessionId } };
    const holdOf = (given: RunRequest, now: string, command = '/bin/gemini') =>
      acpDriver(given, { ...spec, command: [command] }, '/run/tmp').hold?.(Date.parse(now));
    expect(holdOf(follow, '2026-11-27T10:20:15.5Z')).toMatchObject({ ms: 44_500 });
    expect(holdOf(follow, '2026-11-27T10:21:00Z')).toBeNull();
    expect(holdOf(follow, '2026-11-27T10:20:15Z', '/bin/opencode')).toBeNull();
    expect(holdOf(request, '2026-11-27T10:20:15Z')).toBeNull();
    await rm(home, { recursive: true });
    expect(holdOf(follow, '2026-11-27T10:20:15Z')).toBeNull();
  });

  it("OpenCode is told to ask where the run decides, and the owner's word stands", () => {
    const permission = (given: Partial<RunRequest>) =>
      acpDriver({ ...request, ...given }, spec, '/run/tmp').plan.env.OPENCODE_PERMISSION;
    const asking = { ...request.task, permissions: 'ask' as const };
    expect(permission({})).toBeUndefined();
    expect(permission({ task: asking })).toContain('"bash":"ask"');
    expect(permission({ rules: [{ decision: 'deny' }] })).toContain('"edit":"ask"');
    expect(permission({ task: asking, env: { OPENCODE_PERMISSION: '{}' } })).toBe('{}');
  });

  it('is a conversation; the others are not', () => {
    expect(isConversation(driverFor(request, '/run/tmp'))).toBe(true);
    const text = agentSpecSchema.parse({ protocol: 'text', command: ['cat'] });
    expect(isConversation(driverFor({ ...request, agent: text }, '/run/tmp'))).toBe(false);
  });
});
