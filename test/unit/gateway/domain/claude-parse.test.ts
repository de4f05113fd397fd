import { describe, expect, it } from 'vitest';
import { CLAUDE_START, stepClaude } from '../../../../gateway/domain/claude-parse.ts';
import { claudeVerdict } from '../../../../gateway/domain/claude-verdict.ts';
import { expectLogged, OK, readLines, transcript, types } from '../../../support/transcripts.ts';

const read = (name: string) => readLines(stepClaude, CLAUDE_START, transcript(`claude-${name}`));

describe('what Claude Code printed', () => {
  it('plain: a message, success, the answer as output, the session and what it took', () => {
    const { state, events } = read('plain');
    expect(types(events)).toEqual(['log', 'message', 'log']);
    expect(events[0]?.data).toEqual({ subtype: 'init', model: 'claude-sonnet-4-5', permissionMode: 'default' });
    expect(state.sessionId).toBe('8391a17c-9202-4e8a-9229-c759dc7e1d9b');
    expect(claudeVerdict(state, OK, false)).toEqual({
      success: true,
      message: '',
      output: 'Hello from the stub model.',
      files: [],
      usage: { inputTokens: 105, outputTokens: 20, cachedInputTokens: 5, reasoningTokens: 0, costUsd: 0.0006015 },
    });
  });

  it('write: the call at its start, then result and file change with its id', () => {
    const { state, events } = read('write-acceptEdits');
    expect(types(events)).toEqual([
      ...['log', 'message', 'tool_call', 'tool_result', 'file_change'],
      ...['message', 'log'],
    ]);
    const tool = { id: 'toolu_123', tool: 'Write' };
    expect(events[2]).toMatchObject({ data: { ...tool, input: { file_path: '/lab/ws/cl/hello.txt' } } });
    expect(events[3]).toMatchObject({ data: { ...tool, status: 'completed' } });
    expect(events[4]).toMatchObject({ content: '/lab/ws/cl/hello.txt', data: { ...tool, change: 'created' } });
    expect(events[2]?.timestamp).toBe(Date.parse('2026-11-22T08:13:57.061Z'));
    expect(claudeVerdict(state, OK, false)).toMatchObject({
      success: true,
      output: 'Done: tool finished (1 step).',
      files: ['/lab/ws/cl/hello.txt'],
    });
  });

  it('a tool that was denied: said in the log and by its result, no file change, and the task goes on', () => {
    const { state, events } = read('write-default');
    expect(types(events)).not.toContain('file_change');
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'log', content: expect.stringMatching(/^permission_denied: Claude requested/) }),
    );
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'tool_result', data: expect.objectContaining({ status: 'error' }) }),
    );
    expect(events.at(-1)?.data).toMatchObject({ denied: ['Write'] });
    expect(claudeVerdict(state, OK, false)).toMatchObject({ success: true, files: [] });
  });

  it('a command that fails is a result and no failure of the task', () => {
    const { state, events } = read('bashfail');
    expect(events).toContainEqual(expect.objectContaining({ type: 'tool_result', content: 'Exit code 3\nhi' }));
    expect(claudeVerdict(state, OK, false)).toMatchObject({ success: true, output: 'Done.' });
  });

  it('think: a thinking event, and none for each estimate of its length', () => {
    const { events } = read('think');
    expect(types(events)).toEqual(['log', 'thinking', 'message', 'log']);
    expect(events[1]?.content).toBe('Let me think about it. First A, then B.');
  });

  it('401: a failure by `is_error`, whatever subtype and exit code say', () => {
    const { state, events } = read('err401-r1');
    const message = 'Failed to authenticate. API Error: 401 invalid api key (stub)';
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'log',
        content: 'api_retry',
        data: expect.objectContaining({ error_status: 401 }),
      }),
    );
    expect(events.at(-1)).toMatchObject({ type: 'error', content: message });
    expect(claudeVerdict(state, OK, false)).toMatchObject({ success: false, message });
  });

  it('ended in the middle: a failure, by signal or not', () => {
    const { state } = read('sigterm');
    expect(claudeVerdict(state, { code: 143, signal: null }, false).message).toBe('the agent exited with code 143');
    expect(claudeVerdict(state, OK, false).message).toBe('the agent ended before it finished an answer');
  });

  it('a follow-up: the session is the same, and what it took is told without what the earlier runs took', () => {
    const { state } = read('resume');
    expect(state.sessionId).toBe('cfeee059-3c6c-499c-a8db-8cb8c4e37324');
    const turn = { inputTokens: 100, outputTokens: 20, cachedInputTokens: 5 };
    expect(claudeVerdict(state, OK, true)).toMatchObject({ success: true, output: 'two', usage: turn });
    expect(claudeVerdict(state, OK, true).usage).toEqual(turn);
  });

  it('a follow-up in a session that is not there fails and says so', () => {
    const { state } = read('resume-missing');
    const message = 'No conversation found with session ID: 00000000-0000-4000-8000-000000000000';
    expect(claudeVerdict(state, { code: 1, signal: null }, true)).toMatchObject({ success: false, message });
  });

  it('a result of an earlier turn says nothing of the one under way', () => {
    const { state } = readLines(stepClaude, CLAUDE_START, [
      '{"type":"result","subtype":"success","is_error":false,"result":"first"}',
      '{"type":"assistant","message":{"content":[{"type":"text","text":"second"}]}}',
    ]);
    expect(claudeVerdict(state, OK, false)).toMatchObject({ success: false, output: 'second' });
  });

  it('an error without words is named by its kind', () => {
    const { state } = readLines(stepClaude, CLAUDE_START, [
      '{"type":"result","subtype":"error_max_turns","is_error":true}',
    ]);
    expect(claudeVerdict(state, OK, false).message).toBe('the agent ended its turn with error_max_turns');
  });

  it("a subagent's words name the tool call that it works for, and are no answer", () => {
    const { state, events } = readLines(stepClaude, CLAUDE_START, [
      '{"type":"assistant","parent_tool_use_id":"t1","message":{"content":[{"type":"text","text":"looking"}]}}',
    ]);
    expect(events).toEqual([{ type: 'message', content: 'looking', data: { parentId: 't1' }, timestamp: 1_000 }]);
    expect(state.texts).toEqual([]);
  });

  it('lines of no known form are log events as they came', () => {
    expectLogged(stepClaude, CLAUDE_START, transcript('claude-write-acceptEdits'));
  });
});
