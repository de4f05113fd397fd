import { describe, expect, it } from 'vitest';
import { GEMINI_START, stepGemini } from '../../../../gateway/domain/gemini-parse.ts';
import { geminiVerdict } from '../../../../gateway/domain/gemini-verdict.ts';
import { MAX_OUTPUT_BYTES } from '../../../../shared/limits.ts';
import { expectLogged, OK, readLines, transcript, types } from '../../../support/transcripts.ts';

const read = (name: string) => readLines(stepGemini, GEMINI_START, transcript(`gemini-${name}`));

describe('what Gemini CLI printed', () => {
  it('plain: a message, success, the answer as output, the session and what it took', () => {
    const { state, events } = read('plain');
    expect(types(events)).toEqual(['log', 'message', 'log']);
    expect(state.sessionId).toBe('1f705ceb-a0f5-4594-a527-ce5e8fb99b75');
    expect(geminiVerdict(state, OK)).toEqual({
      success: true,
      message: '',
      output: 'Hello from the stub model.',
      files: [],
      usage: { inputTokens: 100, outputTokens: 20, cachedInputTokens: 5 },
    });
  });

  it('write: the call at its start, then result and file change with its id', () => {
    const { state, events } = read('write-autoedit');
    expect(types(events)).toEqual([
      ...['log', 'message', 'tool_call', 'tool_result', 'file_change'],
      ...['message', 'log'],
    ]);
    const tool = { id: 'write_file__write_file_1795335565951_0', tool: 'write_file' };
    expect(events[2]).toMatchObject({ data: { ...tool, input: { file_path: '/lab/ws/gm/hello.txt' } } });
    expect(events[3]).toMatchObject({ data: { ...tool, status: 'completed' } });
    expect(events[4]).toMatchObject({ content: '/lab/ws/gm/hello.txt', data: { ...tool, change: 'written' } });
    expect(geminiVerdict(state, OK)).toMatchObject({
      success: true,
      output: 'Done: tool finished (1 step).',
      files: ['/lab/ws/gm/hello.txt'],
    });
  });

  it('shell: its output is the result', () => {
    expect(read('bash-yolo').events).toContainEqual(
      expect.objectContaining({
        type: 'tool_result',
        content: 'hi-from-bash\nhello.txt',
        data: expect.objectContaining({ tool: 'run_shell_command', status: 'completed' }),
      }),
    );
  });

  it('401: an error event, and a failure with its message', () => {
    const { state, events } = read('err401');
    expect(events.at(-1)).toMatchObject({ type: 'error', content: expect.stringContaining('invalid api key (stub)') });
    expect(geminiVerdict(state, OK)).toMatchObject({
      success: false,
      message: expect.stringContaining('invalid api key (stub)'),
    });
  });

  it('a stream of deltas that come at once is one message, and the whole answer', () => {
    const { state, events } = read('sigterm');
    const messages = events.filter(({ type }) => type === 'message');
    expect(messages).toHaveLength(1);
    expect(geminiVerdict(state, OK).output).toBe(messages[0]?.content);
    expect(geminiVerdict(state, OK).output).toMatch(/^tick0 tick1 .* tick39 $/);
  });

  it('without a result it has failed, though it exits with 0', () => {
    const lines = transcript('gemini-sigterm').filter((line) => !line.includes('"result"'));
    const { state } = readLines(stepGemini, GEMINI_START, lines);
    expect(geminiVerdict(state, OK)).toMatchObject({
      success: false,
      message: 'the agent ended before it finished an answer',
      output: expect.stringContaining('tick39'),
    });
    expect(geminiVerdict(state, { code: 145, signal: null }).message).toBe('the agent exited with code 145');
  });

  it('the prompt, which it says back, is no event', () => {
    const { events } = readLines(stepGemini, GEMINI_START, ['{"type":"message","role":"user","content":"hi"}']);
    expect(events).toEqual([]);
  });

  it('a message told whole is one of its own', () => {
    const { events } = readLines(stepGemini, GEMINI_START, [
      '{"type":"message","role":"assistant","content":"be","delta":true}',
      '{"type":"message","role":"assistant","content":"gun","delta":true}',
      '{"type":"message","role":"assistant","content":"whole"}',
    ]);
    expect(events.map(({ content }) => content)).toEqual(['begun', 'whole']);
  });

  it('keeps of an endless answer as much as can be told', () => {
    const line = JSON.stringify({ type: 'message', role: 'assistant', content: 'x'.repeat(1_000), delta: true });
    const { state } = readLines(stepGemini, GEMINI_START, Array(500).fill(line));
    expect(state.answer.length).toBeGreaterThanOrEqual(MAX_OUTPUT_BYTES);
    expect(state.answer.length).toBeLessThanOrEqual(2 * MAX_OUTPUT_BYTES);
  });

  it('lines of no known form are log events as they came', () => {
    expectLogged(stepGemini, GEMINI_START, transcript('gemini-bash-yolo'));
  });
});
