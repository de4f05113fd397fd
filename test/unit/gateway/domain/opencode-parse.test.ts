import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OPENCODE_START, type OpenCodeState, stepOpenCode } from '../../../../gateway/domain/opencode-parse.ts';
import { openCodeVerdict, sessionInLog } from '../../../../gateway/domain/opencode-verdict.ts';
import { type AgentEvent, agentEventSchema } from '../../../../shared/event.ts';
import { MAX_OUTPUT_BYTES } from '../../../../shared/limits.ts';

const NOW = 1_000;
const OK = { code: 0, signal: null };

function read(lines: string[]): { state: OpenCodeState; events: AgentEvent[] } {
  let state = OPENCODE_START;
  const events: AgentEvent[] = [];
  for (const line of lines) {
    const step = stepOpenCode(state, line, NOW);
    state = step.state;
    events.push(...step.events);
  }
  return { state, events };
}

function transcript(name: string) {
  const path = new URL(`../../../fixtures/transcripts/opencode-${name}.jsonl`, import.meta.url);
  return read(readFileSync(path, 'utf8').split('\n'));
}

const types = (events: AgentEvent[]) => events.map((event) => event.type);

describe('what OpenCode printed', () => {
  it('plain: a message between the bounds of its step, success, the answer as output', () => {
    const { state, events } = transcript('plain');
    expect(types(events)).toEqual(['log', 'message', 'log']);
    expect(state.sessionId).toBe('ses_dfdb9d9ddffeToKOq5rZgAb7U5');
    expect(openCodeVerdict(state, OK)).toEqual({
      success: true,
      message: '',
      output: 'Hello from the stub model.',
      files: [],
      usage: { inputTokens: 100, outputTokens: 20, cachedInputTokens: 5, reasoningTokens: 0, costUsd: 0.000135 },
    });
  });

  it('write: call, result and file change of one tool share its id; the output is the last step alone', () => {
    const { state, events } = transcript('write');
    expect(types(events)).toEqual([
      ...['log', 'message', 'tool_call', 'tool_result', 'file_change', 'log'],
      ...['log', 'message', 'log'],
    ]);
    const tool = events.slice(2, 5);
    expect(tool.map((event) => event.data)).toEqual(
      ['tool_call', 'tool_result', 'file_change'].map(() => expect.objectContaining({ id: 'call_13', tool: 'write' })),
    );
    expect(tool[2]).toMatchObject({ content: '/lab/ws/oc/hello.txt', data: { change: 'created' } });
    expect(openCodeVerdict(state, OK)).toMatchObject({
      success: true,
      output: 'Done: tool finished (1 step).',
      files: ['/lab/ws/oc/hello.txt'],
      usage: { inputTokens: 200, outputTokens: 40 },
    });
  });

  it('bash: its exit code is told and is no failure of the task', () => {
    const { state, events } = transcript('bashfail');
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'tool_result',
        content: 'oops\n',
        data: expect.objectContaining({ exitCode: 3 }),
      }),
    );
    expect(openCodeVerdict(state, OK).success).toBe(true);
    expect(transcript('bash').events.find((event) => event.type === 'tool_result')?.content).toBe(
      'hi-from-bash\nhello.txt\n',
    );
  });

  it('think: reasoning is a thinking event', () => {
    expect(types(transcript('think').events)).toEqual(['log', 'thinking', 'message', 'log']);
  });

  it('401: an error event, and a failure with its message', () => {
    const { state, events } = transcript('err401');
    expect(events).toEqual([
      {
        type: 'error',
        content: 'invalid api key (stub)',
        data: { name: 'APIError', statusCode: 401 },
        timestamp: 1795334509250,
      },
    ]);
    expect(openCodeVerdict(state, { code: 1, signal: null })).toMatchObject({
      success: false,
      message: 'invalid api key (stub)',
    });
    expect(openCodeVerdict(state, OK).success).toBe(false);
  });

  it('a rejected permission fails in spite of exit 0, and says which', () => {
    const { state, events } = transcript('perm-ask-edit');
    expect(types(events)).not.toContain('file_change');
    expect(openCodeVerdict(state, OK)).toMatchObject({
      success: false,
      message:
        'the agent stopped before it was done (tool-calls): The user rejected permission to use this specific tool call.',
    });
  });

  it('ended in the middle of a step: a failure, by signal or not', () => {
    const { state } = transcript('sigterm');
    expect(openCodeVerdict(state, { code: null, signal: 'SIGTERM' }).message).toBe('the agent was ended by SIGTERM');
    expect(openCodeVerdict(state, OK).message).toBe('the agent ended before it finished an answer');
  });
});

describe('lines of no known form', () => {
  it('are log events as they came and leave the verdict alone', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.json().map((json) => `{"type":"text","part":${json}}`),
        ),
        (text) => {
          const { state, events } = stepOpenCode(OPENCODE_START, text, NOW);
          for (const event of events) expect(agentEventSchema.safeParse(event).success).toBe(true);
          expect(openCodeVerdict(state, OK).success).toBe(false);
          expect(events.length).toBe(text.trim() === '' ? 0 : 1);
        },
      ),
    );
  });
});

describe('the log on stderr', () => {
  it('names the session before the first line of output', () => {
    const line =
      'timestamp=2026-11-22T10:14:34.608Z level=INFO run=fade1b64 message=created id=ses_dfd3fe290f slug=eager';
    expect(sessionInLog(line)).toBe('ses_dfd3fe290f');
    expect(sessionInLog('level=INFO message=loop session.id=ses_dfd3fe290f step=0')).toBeNull();
  });
});

describe('an agent that never ends a step', () => {
  it('is remembered no longer than its answer can be', () => {
    const text = 'x'.repeat(1_000);
    const line = JSON.stringify({ type: 'text', part: { text } });
    const { state } = read(Array.from({ length: 500 }, () => line));
    expect(state.texts.length).toBeLessThan(MAX_OUTPUT_BYTES / text.length + 1);
    expect(state.texts.join('\n').length).toBeGreaterThanOrEqual(MAX_OUTPUT_BYTES);
  });
});
