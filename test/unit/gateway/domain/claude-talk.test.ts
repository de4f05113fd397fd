import { describe, expect, it } from 'vitest';
import { field } from '../../../../gateway/domain/agent-lines.ts';
import {
  answerTalk,
  type ClaudeTalk,
  cancelTalk,
  inputToTalk,
  isTalkOver,
  openTalk,
  stepTalk,
  type TalkStep,
  takesTurns,
} from '../../../../gateway/domain/claude-talk.ts';
import { claudeVerdict } from '../../../../gateway/domain/claude-verdict.ts';
import type { AgentEvent } from '../../../../shared/event.ts';
import { BASE, playTalk } from '../../../support/claude-transcript.ts';
import { NOW, OK } from '../../../support/transcripts.ts';

/** What the log says of what was sent. */
const inputs = (events: readonly AgentEvent[]) =>
  events
    .flatMap(({ type, data }) => (type === 'log' ? [field(data, 'input')] : []))
    .filter((word) => word !== undefined);
const toolEvents = (events: readonly AgentEvent[]) =>
  events.filter(({ type }) => type === 'tool_call' || type === 'tool_result').map(({ type }) => type);
const verdict = (state: ClaudeTalk) => claudeVerdict(state.said, OK, false);

/** All that lines make of a conversation. */
function read(start: ClaudeTalk, ...lines: object[]): TalkStep {
  let step: TalkStep = { state: start, events: [], send: '' };
  for (const line of lines) {
    const next = stepTalk(step.state, JSON.stringify(line), NOW);
    step = { ...next, events: [...step.events, ...next.events], send: step.send + next.send };
  }
  return step;
}
const opened = () => openTalk('first', BASE, false).state;
const init = { type: 'system', subtype: 'init', session_id: 's1' };
const well = { type: 'result', subtype: 'success', is_error: false, result: 'yes', session_id: 's1' };
const badly = { type: 'result', subtype: 'success', is_error: true, result: 'no', session_id: 's1' };
const lifecycle = (n: number, state: string) => ({
  type: 'command_lifecycle',
  command_uuid: `01111111-1111-4111-8111-${String(n).padStart(12, '0')}`,
  state,
});
const asks = {
  type: 'control_request',
  request_id: 'q1',
  request: { subtype: 'can_use_tool', tool_name: 'Bash', input: { command: 'rm -rf x' }, tool_use_id: 't1' },
};

describe('what Claude Code said in a conversation', () => {
  it('is answered as it was when it was recorded; a permission is given as it was asked', () => {
    const { sent, recorded, questions, state, events } = playTalk('claude-stream-allow');
    expect(sent).toEqual(recorded);
    expect(questions.map(({ action, options }) => [action, options])).toEqual([
      [
        { tool: 'edit', title: 'Write: /lab/ws/cl/a.txt', paths: ['/lab/ws/cl/a.txt'], diff: '+hi' },
        ['allow', 'allow_always', 'deny'],
      ],
      [
        {
          tool: 'execute',
          title: 'Bash: touch x y; date > z',
          command: 'touch x y; date > z',
        },
        ['allow', 'deny'],
      ],
    ]);
    expect(toolEvents(events)).toEqual(['tool_call', 'tool_result', 'tool_call', 'tool_result']);
    expect(isTalkOver(state)).toBe(true);
    expect(verdict(state)).toMatchObject({ success: true, output: 'done', files: ['/lab/ws/cl/a.txt'] });
  });

  it('a refusal is told to it, and it goes on', () => {
    const { sent, state, events } = playTalk('claude-stream-deny', 'deny');
    const refusals = sent.filter((each) => JSON.stringify(each).includes('"behavior":"deny"'));
    expect(refusals).toHaveLength(2);
    expect(events).toContainEqual(
      expect.objectContaining({ content: 'permission refused: Write: /lab/ws/cl/a.txt', type: 'log' }),
    );
    expect(verdict(state)).toMatchObject({ success: true, output: 'done', files: [] });
  });

  it('input between two tools is part of the turn under way, and the log says so', () => {
    const { sent, recorded, state, events } = playTalk('claude-stream-steer');
    expect(sent).toEqual(recorded);
    expect(inputs(events)).toEqual(['waiting', 'waiting', 'steered', 'steered']);
    expect(isTalkOver(state)).toBe(true);
    expect(verdict(state)).toMatchObject({ success: true, output: 'first' });
  });

  it('input that comes too late for that is the next turn, whose answer counts', () => {
    const { sent, recorded, state, events } = playTalk('claude-stream-late');
    expect(sent).toEqual(recorded);
    expect(inputs(events)).toEqual(['waiting', 'delivered']);
    expect(verdict(state)).toMatchObject({ success: true, output: 'second', usage: { inputTokens: 200 } });
  });

  it('a version that does not tell when it reads is given the next message at the end of the turn', () => {
    const { state, events } = playTalk('claude-stream-multi');
    expect(state.tellsReading).toBe(false);
    expect(inputs(events)).toEqual(['delivered']);
    expect(verdict(state)).toMatchObject({ success: true, files: ['/lab/ws/cl/two.txt'] });
  });

  it('interrupted, its turn is over', () => {
    const { sent, events } = playTalk('claude-stream-interrupt');
    expect(sent).toContainEqual(
      expect.objectContaining({ type: 'control_request', request: { subtype: 'interrupt' } }),
    );
    expect(inputs(events)).toEqual(['undelivered']);
  });
});

describe('a conversation with Claude Code', () => {
  it('begins with the prompt as it is, under an id of the run', () => {
    const prompt = '--help\n"$(id)" \u2028 é 😀';
    const { send, state } = openTalk(prompt, BASE, false);
    expect(send.endsWith('\n')).toBe(true);
    expect(JSON.parse(send)).toEqual({
      type: 'user',
      message: { role: 'user', content: [{ type: 'text', text: prompt }] },
      uuid: '01111111-1111-4111-8111-000000000000',
    });
    expect(isTalkOver(state)).toBe(false);
  });

  it('is not over while a message waits, though a turn has ended', () => {
    const { state } = read(opened(), lifecycle(0, 'queued'), lifecycle(0, 'started'), init);
    const told = inputToTalk(state, 'second', NOW);
    const ended = read(told.state, well);
    expect(isTalkOver(ended.state)).toBe(false);
    const next = read(ended.state, lifecycle(1, 'queued'), lifecycle(1, 'started'));
    expect(isTalkOver(next.state)).toBe(false);
    expect(isTalkOver(read(next.state, well, lifecycle(1, 'completed')).state)).toBe(true);
  });

  it('what came before it was known that messages may go at any time goes first, in order', () => {
    const early = inputToTalk(opened(), 'second', NOW);
    expect(early.send).toBe('');
    const { state, send } = read(early.state, lifecycle(0, 'queued'));
    expect(JSON.parse(send)).toMatchObject({ message: { content: [{ text: 'second' }] } });
    expect(inputToTalk(state, 'third', NOW).send).toContain('000000000002');
  });

  it('once it is over an input is the next turn; after a failure it is not delivered', () => {
    const over = read(opened(), init, lifecycle(0, 'started'), well).state;
    expect(takesTurns(over)).toBe(true);
    const next = inputToTalk(over, 'more', NOW);
    expect(inputs(next.events)).toEqual(['delivered']);
    expect(isTalkOver(next.state)).toBe(false);
    expect(inputs(read(next.state, lifecycle(1, 'started')).events)).toEqual([]);
    const failed = read(opened(), init, lifecycle(0, 'started'), badly).state;
    expect(takesTurns(failed)).toBe(false);
    expect(inputs(inputToTalk(failed, 'more', NOW).events)).toEqual(['undelivered']);
  });

  it.each(['cancelled', 'discarded', 'refused'])('a message that is %s is said to be undelivered', (word) => {
    const { state } = read(opened(), lifecycle(0, 'started'), init);
    const told = inputToTalk(state, 'second', NOW).state;
    const { events, state: ended } = read(told, lifecycle(1, word), well);
    expect(inputs(events)).toEqual(['undelivered']);
    expect(isTalkOver(ended)).toBe(true);
  });

  it('drops what waits beyond a limit, and says so', () => {
    const { state } = read(opened(), lifecycle(0, 'started'), init);
    const full = inputToTalk(state, 'x'.repeat(4 * 1024 * 1024), NOW).state;
    const more = inputToTalk(full, 'y', NOW);
    expect([inputs(more.events), more.send]).toEqual([['undelivered'], '']);
  });

  it('an answer reaches a question once; one that it has taken back gets none', () => {
    const { state, question } = stepTalk(opened(), JSON.stringify(asks), NOW);
    expect(question).toMatchObject({ key: 'q1', ownerDecides: false, options: ['allow', 'deny'] });
    const answered = answerTalk(state, 'q1', 'allow', NOW);
    expect(JSON.parse(answered.send)).toEqual({
      type: 'control_response',
      response: {
        subtype: 'success',
        request_id: 'q1',
        response: { behavior: 'allow', updatedInput: { command: 'rm -rf x' } },
      },
    });
    expect(answerTalk(answered.state, 'q1', 'deny', NOW).send).toBe('');
    const back = read(state, { type: 'control_cancel_request', request_id: 'q1' });
    expect(back.withdrawn).toBe('q1');
    expect(answerTalk(back.state, 'q1', 'allow', NOW).send).toBe('');
  });

  it('[L9] what it is always allowed holds for the session, not for the directory’s next one', () => {
    const suggestion = {
      type: 'addRules',
      rules: [{ toolName: 'Bash' }],
      behavior: 'allow',
      destination: 'localSettings',
    };
    const { state } = read(opened(), { ...asks, request: { ...asks.request, permission_suggestions: [suggestion] } });
    expect(JSON.parse(answerTalk(state, 'q1', 'allow_always', NOW).send)).toMatchObject({
      response: { response: { updatedPermissions: [{ ...suggestion, destination: 'session' }] } },
    });
    expect(answerTalk(state, 'q1', 'allow', NOW).send).not.toContain('updatedPermissions');
  });

  it('what else it asks of a user is answered at once: it is not offered', () => {
    const { send, events } = read(opened(), { ...asks, request: { subtype: 'hook_callback', callback_id: 'c' } });
    expect(JSON.parse(send)).toMatchObject({ response: { subtype: 'error', request_id: 'q1' } });
    expect(events).toMatchObject([{ type: 'log', content: 'hook_callback' }]);
  });

  it('interrupted, it asks nothing more and takes no turn', () => {
    const cancelled = cancelTalk(read(opened(), init, asks).state);
    expect(JSON.parse(cancelled.send)).toMatchObject({ request: { subtype: 'interrupt' } });
    expect(cancelTalk(cancelled.state).send).toBe('');
    expect(read(cancelled.state, asks).send).toContain('"deny"');
    expect(answerTalk(cancelled.state, 'q1', 'allow', NOW).send).toBe('');
    const over = read(cancelled.state, badly).state;
    expect([isTalkOver(over), takesTurns(over)]).toEqual([true, false]);
  });
});
