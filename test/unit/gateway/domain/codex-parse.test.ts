import { describe, expect, it } from 'vitest';
import { CODEX_START, stepCodex } from '../../../../gateway/domain/codex-parse.ts';
import { codexVerdict } from '../../../../gateway/domain/codex-verdict.ts';
import { expectLogged, NOW, OK, readLines, transcript, types } from '../../../support/transcripts.ts';

const read = (name: string) => readLines(stepCodex, CODEX_START, transcript(`codex-${name}`));

describe('what Codex printed', () => {
  it('think: thought and answer, success, the session and what it took', () => {
    const { state, events } = read('think');
    // The second tells that it does not know the model.
    expect(types(events)).toEqual(['log', 'log', 'thinking', 'message', 'log']);
    expect(state.sessionId).toMatch(/^[0-9a-f-]{36}$/);
    expect(codexVerdict(state, OK, false)).toEqual({
      success: true,
      message: '',
      output: 'It is 42.',
      files: [],
      usage: { inputTokens: 100, outputTokens: 20, cachedInputTokens: 5, reasoningTokens: 8 },
    });
  });

  it('write: the call at its start, then result and file change with its id', () => {
    const { state, events } = read('write');
    const tool = events.filter(({ data }) => JSON.stringify(data ?? {}).includes('"item_2"'));
    expect(types(tool)).toEqual(['tool_call', 'tool_result', 'file_change']);
    expect(tool[2]).toMatchObject({
      content: '/lab/ws/cx/h9.txt',
      data: { tool: 'apply_patch', path: '/lab/ws/cx/h9.txt', change: 'created' },
    });
    expect(codexVerdict(state, OK, false)).toMatchObject({
      success: true,
      output: 'Done.',
      files: ['/lab/ws/cx/h9.txt'],
    });
  });

  it('a command that fails is a result and no failure of the task', () => {
    const { state, events } = read('shell');
    expect(events.filter(({ type }) => type.startsWith('tool_'))).toEqual([
      {
        type: 'tool_call',
        content: 'shell',
        data: { id: 'item_1', tool: 'shell', input: { command: "/bin/bash -lc 'echo hi; exit 3'" } },
        timestamp: NOW,
      },
      {
        type: 'tool_result',
        content: 'hi\n',
        data: { id: 'item_1', tool: 'shell', status: 'completed', exitCode: 3 },
        timestamp: NOW,
      },
    ]);
    expect(codexVerdict(state, OK, false)).toMatchObject({ success: true, output: 'Done.' });
  });

  it('a follow-up: the session is the same, and a count of the whole session is not told as its own', () => {
    const { state } = read('resume');
    expect(state.sessionId).toMatch(/^[0-9a-f-]{36}$/);
    expect(codexVerdict(state, OK, true)).toEqual({
      success: true,
      message: '',
      output: 'two',
      files: [],
      usage: undefined,
    });
  });

  it('401: tries again in the log, one error event when it gives up, and a failure with its message', () => {
    const { state, events } = read('err401');
    expect(events.filter(({ type }) => type === 'error')).toHaveLength(1);
    expect(codexVerdict(state, { code: 1, signal: null }, false)).toMatchObject({
      success: false,
      message: expect.stringContaining('401 Unauthorized'),
    });
    expect(codexVerdict(state, OK, false).success).toBe(false);
  });

  it('an error that it overcomes does not fail the task', () => {
    const { state } = readLines(stepCodex, CODEX_START, [
      '{"type":"error","message":"Reconnecting... 1/5"}',
      '{"type":"turn.completed"}',
    ]);
    expect(codexVerdict(state, OK, false).success).toBe(true);
  });

  it('ended in the middle: a failure, by signal or not', () => {
    const { state } = read('sigterm');
    expect(codexVerdict(state, { code: null, signal: 'SIGTERM' }, false).message).toBe(
      'the agent was ended by SIGTERM',
    );
    expect(codexVerdict(state, OK, false).message).toBe('the agent ended before it finished an answer');
  });

  it('a tool whose start was not told gets both events at its end', () => {
    const { events } = readLines(stepCodex, CODEX_START, [
      '{"type":"item.completed","item":{"id":"i1","type":"web_search","query":"q"}}',
      '{"type":"item.completed","item":{"id":"i2","type":"mcp_tool_call","server":"s","tool":"t","arguments":{"a":1},"error":{"message":"no"},"status":"failed"}}',
    ]);
    expect(types(events)).toEqual(['tool_call', 'tool_result', 'tool_call', 'tool_result']);
    expect(events[3]).toMatchObject({ content: 'no', data: { id: 'i2', tool: 's.t', status: 'error' } });
  });

  it('a patch that failed changes no file', () => {
    const { state, events } = readLines(stepCodex, CODEX_START, [
      '{"type":"item.completed","item":{"id":"i1","type":"file_change","changes":[{"path":"/a","kind":"update"}],"status":"failed"}}',
    ]);
    expect(types(events)).toEqual(['tool_call', 'tool_result']);
    expect(state.files).toEqual([]);
  });

  it('lines of no known form are log events as they came', () => {
    expectLogged(stepCodex, CODEX_START, transcript('codex-shell'));
  });
});
