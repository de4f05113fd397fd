import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openAcp } from '../../../../gateway/domain/acp-calls.ts';
import { cancelAcp, inputToAcp, restOfAcp, stepAcp } from '../../../../gateway/domain/acp-parse.ts';
import { type AcpState, type AcpTask, isOver, takesTurns } from '../../../../gateway/domain/acp-state.ts';
import { acpVerdict } from '../../../../gateway/domain/acp-verdict.ts';
import { JOIN_MS } from '../../../../gateway/domain/joined-text.ts';
import { type AgentEvent, agentEventSchema } from '../../../../shared/event.ts';
import { TASK } from '../../../support/acp-transcript.ts';
import { NOW, OK, types } from '../../../support/transcripts.ts';

const data = (event: AgentEvent | undefined) => event?.data;

/** A conversation in which the agent says these messages, each a result for our last request, an error, or anything else. */
function said(
  messages: object[],
  task: Partial<AcpTask> = {},
): { state: AcpState; events: AgentEvent[]; sent: string[] } {
  let { state, send } = openAcp({ ...TASK, ...task });
  const sent = [send];
  const events: AgentEvent[] = [];
  for (const message of messages) {
    const isAnswer = 'result' in message || 'error' in message;
    const id = isAnswer ? { id: state.asked?.id } : {};
    const step = stepAcp(state, JSON.stringify({ jsonrpc: '2.0', ...id, ...message }), NOW);
    ({ state, send } = step);
    events.push(...step.events);
    if (send !== '') sent.push(send);
  }
  return { state, events, sent };
}

const READY = [{ result: { protocolVersion: 1 } }, { result: { sessionId: 's' } }];
const update = (sessionUpdate: string, fields: object = {}, sessionId = 's') => ({
  method: 'session/update',
  params: { sessionId, update: { sessionUpdate, ...fields } },
});
const chunk = (text: string, messageId = 'm') =>
  update('agent_message_chunk', { messageId, content: { type: 'text', text } });
const END = { result: { stopReason: 'end_turn' } };

describe('a conversation', () => {
  it("a refusal of its model is the run's error", () => {
    const last = said([...READY, { error: { code: 401, message: 'invalid api key' } }]);
    expect(last.events.at(-1)).toMatchObject({ type: 'error', content: 'invalid api key', data: { code: 401 } });
    expect(acpVerdict(last.state, OK)).toMatchObject({ success: false, message: 'invalid api key' });
    expect(isOver(last.state)).toBe(true);
  });

  it('fails where the agent cannot do what the task wants', () => {
    const messageOf = (messages: object[], task: Partial<AcpTask> = {}) =>
      acpVerdict(said(messages, task).state, OK).message;
    expect(messageOf([{ result: { protocolVersion: 2 } }])).toBe('the agent speaks version 2 of ACP, not 1');
    expect(messageOf([{ result: { protocolVersion: 1 } }], { sessionId: 's' })).toContain('earlier session');
    expect(messageOf([{ result: { protocolVersion: 1 } }, { result: {} }])).toBe('the agent named no session');
    expect(messageOf(READY, { model: 'm' })).toBe('the agent does not let its model be chosen');
    expect(messageOf([{ result: 'what' }])).toBe("the agent's answer to initialize has an unknown form");
    expect(messageOf(READY)).toBe('the agent exited with code 0 before it finished its turn');
    expect(messageOf([...READY, { result: { stopReason: 'max_tokens' } }])).toContain('max_tokens');
  });

  it('loads an earlier session where the agent cannot resume one', () => {
    const agentCapabilities = { loadSession: true };
    const { sent } = said([{ result: { protocolVersion: 1, agentCapabilities } }], { sessionId: 'old' });
    expect(sent[1]).toContain('"session/load","params":{"sessionId":"old"');
  });

  it('what is told of earlier turns after a session was loaded is no part of this run', () => {
    const loads = { result: { protocolVersion: 1, agentCapabilities: { loadSession: true } } };
    const loaded = { result: { models: { currentModelId: 'auto' } } };
    const { sent, events, state } = said([loads, loaded, chunk('Noted.'), { result: {} }, chunk('It.'), END], {
      sessionId: 's',
    });
    // Asked for what it has anyway, the agent has told all by the time it answers.
    expect(sent[2]).toContain('"session/set_model","params":{"sessionId":"s","modelId":"auto"}');
    expect(sent[3]).toContain('"session/prompt"');
    expect(events.filter(({ type }) => type === 'message')).toMatchObject([{ content: 'It.' }]);
    expect(acpVerdict(state, OK)).toMatchObject({ success: true, output: 'It.' });
  });

  it('chooses the model in the way that the agent offers', () => {
    const chosen = (result: object) =>
      said([READY[0] ?? {}, { result: { sessionId: 's', ...result } }], { model: 'a/b' }).sent[2];
    expect(chosen({ configOptions: [{ id: 'm', category: 'model' }] })).toContain(
      '"session/set_config_option","params":{"sessionId":"s","configId":"m","value":"a/b"}',
    );
    expect(chosen({ models: {} })).toContain('"session/set_model","params":{"sessionId":"s","modelId":"a/b"}');
  });

  it('one prompt at a time: what is sent during a turn is the next one', () => {
    const { state } = said(READY);
    const first = inputToAcp(state, 'and then?', NOW);
    expect(first).toMatchObject({ send: '', events: [{ data: { input: 'waiting' } }] });
    const answer = JSON.stringify({ jsonrpc: '2.0', id: state.asked?.id, ...END });
    const next = stepAcp(first.state, answer, NOW);
    expect(next.send).toContain('"text":"and then?"');
    expect(next.events.map(data)).toContainEqual({ input: 'delivered' });
    const over = stepAcp(next.state, JSON.stringify({ jsonrpc: '2.0', id: next.state.asked?.id, ...END }), NOW).state;
    expect(isOver(over)).toBe(true);
    expect(acpVerdict(over, OK).success).toBe(true);
    expect(takesTurns(over)).toBe(true);
    const later = inputToAcp(over, 'and now?', NOW);
    expect(later.send).toContain('"text":"and now?"');
    expect(isOver(later.state)).toBe(false);
  });

  it('what waits when the agent fails is said to be undelivered', () => {
    const { state } = said(READY);
    const waiting = inputToAcp(state, 'and then?', NOW).state;
    const error = { code: 1, message: 'no' };
    const failed = stepAcp(waiting, JSON.stringify({ jsonrpc: '2.0', id: state.asked?.id, error }), NOW);
    expect(failed.events.map(data)).toContainEqual({ input: 'undelivered' });
    expect(isOver(failed.state)).toBe(true);
    expect(takesTurns(failed.state)).toBe(false);
    expect(inputToAcp(failed.state, 'x', NOW)).toMatchObject({
      send: '',
      events: [{ data: { input: 'undelivered' } }],
    });
  });

  it('is cancelled once, and what it still asks is cancelled too', () => {
    const { state } = said(READY);
    const cancelled = cancelAcp(state);
    expect(cancelled.send).toContain('session/cancel');
    expect(cancelAcp(cancelled.state).send).toBe('');
    const params = { sessionId: 's', toolCall: { toolCallId: 't' }, options: [{ optionId: 'o', kind: 'allow_once' }] };
    const asked = { jsonrpc: '2.0', id: 7, method: 'session/request_permission', params };
    expect(stepAcp(cancelled.state, JSON.stringify(asked), NOW).send).toContain('"outcome":{"outcome":"cancelled"}');
    expect(cancelAcp(openAcp(TASK).state).send).toBe('');
  });

  it('the answer is what was said after the last tool, message by message', () => {
    const tool = { toolCallId: 't', title: 'ls', kind: 'execute', status: 'completed' };
    const { state } = said([
      ...READY,
      chunk('before'),
      update('tool_call', tool),
      chunk('one'),
      chunk(' more'),
      chunk('two', 'n'),
      END,
    ]);
    expect(acpVerdict(state, OK)).toMatchObject({ success: true, output: 'one more\ntwo' });
  });

  it('the plan is a log entry', () => {
    const entries = [{ content: 'first', status: 'pending' }];
    expect(said([...READY, update('plan', { entries })]).events).toContainEqual(
      expect.objectContaining({ type: 'log', content: 'plan', data: { plan: entries } }),
    );
  });

  it("another session's messages are not this one's", () => {
    const { state, events } = said([
      ...READY,
      update('agent_message_chunk', { content: { type: 'text', text: 'x' } }, 'other'),
      END,
    ]);
    expect(acpVerdict(state, OK).output).toBe('');
    expect(types(events)).toEqual(['log', 'log']);
  });
});

describe('what has waited', () => {
  it('text and the call of a pending tool go out after half a second, the call once', () => {
    const pending = { toolCallId: 't', title: 'bash', status: 'pending', rawInput: {} };
    const { state, events } = said([...READY, update('tool_call', pending), chunk('while')]);
    expect(events).toEqual([]);
    expect(restOfAcp(state, NOW + JOIN_MS - 1).events).toEqual([]);
    const rest = restOfAcp(state, NOW + JOIN_MS);
    expect(types(rest.events).sort()).toEqual(['message', 'tool_call']);
    const running = JSON.stringify({
      jsonrpc: '2.0',
      ...update('tool_call_update', { toolCallId: 't', status: 'in_progress' }),
    });
    expect(stepAcp(rest.state, running, NOW).events).toEqual([]);
  });
});

describe('messages of no known form', () => {
  it('foreign ones and broken lines are log events, and the conversation goes on to its end', () => {
    const noise = [
      update('new_thing', { a: 1 }),
      { method: 'x/y' },
      { id: 9, result: {} },
      { id: 'q', method: 'fs/read_text_file' },
      { foo: 1 },
    ];
    const { state, sent } = said(READY);
    let noisy = state;
    const events: AgentEvent[] = [];
    for (const line of [
      ...noise.map((message) => JSON.stringify({ jsonrpc: '2.0', ...message })),
      '{"jsonrpc":',
      'warn: hi',
      '[]',
    ]) {
      const step = stepAcp(noisy, line, NOW);
      noisy = step.state;
      events.push(...step.events);
      if (step.send !== '') sent.push(step.send);
    }
    expect(types(events)).toEqual(Array.from({ length: 8 }, () => 'log'));
    expect(events[0]).toMatchObject({ content: 'new_thing' });
    expect(sent.at(-1)).toContain('"id":"q","error"');
    const end = stepAcp(noisy, JSON.stringify({ jsonrpc: '2.0', id: state.asked?.id, ...END }), NOW);
    expect(acpVerdict(end.state, OK).success).toBe(true);
  });

  it('nothing that an agent prints makes it throw, or ends the turn for it', () => {
    const { state } = said(READY);
    const known = ['agent_message_chunk', 'tool_call', 'tool_call_update', 'plan', 'usage_update', 'other'];
    const anything = fc.oneof(
      fc.string(),
      fc.json(),
      fc
        .tuple(
          fc.constantFrom(...known),
          fc.dictionary(fc.constantFrom('toolCallId', 'content', 'status', 'entries', 'cost', 'kind'), fc.jsonValue()),
        )
        .map(([name, fields]) => JSON.stringify({ jsonrpc: '2.0', ...update(name, fields) })),
      fc.jsonValue().map((params) => JSON.stringify({ id: 1, method: 'session/request_permission', params })),
    );
    fc.assert(
      fc.property(anything, (text) => {
        const step = stepAcp(state, text, NOW);
        const rest = restOfAcp(step.state, Number.POSITIVE_INFINITY);
        for (const event of [...step.events, ...rest.events])
          expect(agentEventSchema.safeParse(event).success).toBe(true);
        expect(isOver(rest.state)).toBe(false);
      }),
    );
  });
});
