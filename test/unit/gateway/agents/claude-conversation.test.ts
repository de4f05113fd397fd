import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claudeConversation } from '../../../../gateway/agents/claude.ts';
import type { RunRequest } from '../../../../gateway/runs/files.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'gateway-test-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function conversation(task: Partial<RunRequest['task']> = {}, rules: RunRequest['rules'] = []) {
  const request: RunRequest = {
    taskId: 't',
    attempt: 1,
    task: { taskId: 't', prompt: '--help', cwd: '/', agentType: 'claude-code', ...task },
    agent: { protocol: 'claude-stream', command: ['/bin/claude'] },
    env: { HOME: home },
    secretNames: [],
    wrap: null,
    rules,
    mark: 'm'.repeat(16),
    timeoutMs: 1000,
    spawnRetries: 0,
    createdAt: 0,
    bootId: 'b',
  };
  return claudeConversation(request, ['/bin/claude'], '/run/tmp');
}
const wordsOf = (...given: Parameters<typeof conversation>) => conversation(...given).plan.command.join(' ');
const question = `${JSON.stringify({
  type: 'control_request',
  request_id: 'q',
  request: { subtype: 'can_use_tool', tool_name: 'Bash', input: { command: 'id' } },
})}`;

describe('how Claude Code is spoken to', () => {
  it('[L9] the prompt is on stdin and nowhere else, under another id in each run', () => {
    const [first, second] = [conversation(), conversation()].map(({ plan }) => plan);
    expect(first?.command).not.toContain('--help');
    expect(JSON.parse(first?.stdin ?? '')).toMatchObject({ message: { content: [{ type: 'text', text: '--help' }] } });
    expect(first?.stdin).not.toBe(second?.stdin);
    expect(first?.command.join(' ')).toContain('--input-format stream-json');
  });

  it('lets everything pass unless somebody is to decide', () => {
    expect(wordsOf()).toContain('bypassPermissions');
    expect(wordsOf()).not.toContain('--permission-prompt-tool');
    const asking = [
      wordsOf({ permissions: 'ask' }),
      wordsOf({ permissions: 'deny' }),
      wordsOf({}, [{ decision: 'ask' }]),
    ];
    for (const words of asking) {
      expect(words).toContain('--permission-prompt-tool stdio');
      expect(words).not.toContain('bypassPermissions');
    }
  });

  it("[L9] asks where the owner's own settings say a mode, and says so with the question", () => {
    mkdirSync(join(home, '.claude'));
    writeFileSync(join(home, '.claude', 'settings.json'), '{"permissions": {"defaultMode": "acceptEdits"}}');
    expect(wordsOf()).toContain('--permission-prompt-tool stdio');
    expect(conversation().line(question, 1).question).toMatchObject({ ownerDecides: true });
    rmSync(join(home, '.claude', 'settings.json'));
    expect(conversation({ permissions: 'ask' }).line(question, 1).question).toMatchObject({ ownerDecides: false });
  });

  it('[L9] a model and a session are one word each', () => {
    const words = conversation({ model: '--dangerous', sessionId: 's' }).plan.command;
    expect(words).toEqual(expect.arrayContaining(['--model=--dangerous', '--resume=s']));
  });

  it('once its last turn is over its exit says nothing; before, a crash is a failure', () => {
    const crash = { code: 1, signal: null };
    const talk = conversation();
    expect(talk.verdict(crash)).toMatchObject({ success: false, message: 'the agent exited with code 1' });
    talk.line('{"type":"system","subtype":"init","session_id":"s"}', 1);
    const { sessionId } = talk.line('{"type":"result","subtype":"success","is_error":false,"result":"done"}', 1);
    expect([sessionId, talk.isOver(), talk.takesTurns()]).toEqual(['s', true, true]);
    expect(talk.verdict({ code: null, signal: 'SIGTERM' })).toMatchObject({ success: true, output: 'done' });
  });
});
