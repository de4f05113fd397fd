import { describe, expect, it } from 'vitest';
import {
  MAX_HELD_MS,
  type Redaction,
  redactEvent,
  releaseHeld,
  startRedaction,
} from '../../../../gateway/domain/redaction.ts';
import { REDACTED, redactorOf } from '../../../../gateway/domain/redactor.ts';
import type { AgentEvent } from '../../../../shared/event.ts';

const SECRET = 'correct horse battery';
const start = () => startRedaction(redactorOf([SECRET]));
const piece = (content: string, messageId = '1'): AgentEvent => ({
  type: 'message',
  content,
  data: { messageId },
  timestamp: 1,
});

/** All that is told of these events, each at its `timestamp`, and what is told in the end. */
function told(events: AgentEvent[], from = start()): { contents: (string | undefined)[]; state: Redaction } {
  const contents: (string | undefined)[] = [];
  let state = from;
  for (const event of events) {
    const step = redactEvent(state, event, event.timestamp);
    state = step.state;
    contents.push(...step.events.map(({ content }) => content));
  }
  const last = releaseHeld(state, Number.POSITIVE_INFINITY);
  return { contents: [...contents, ...last.events.map(({ content }) => content)], state: last.state };
}

describe('[R23] redaction of a run’s events', () => {
  it('takes secrets out of contents and data, and counts them', () => {
    const event = { type: 'tool_call' as const, content: `echo ${SECRET}`, data: { input: [SECRET] }, timestamp: 1 };
    const { state, events } = redactEvent(start(), event, 1);
    expect(events).toEqual([{ ...event, content: `echo ${REDACTED}`, data: { input: [REDACTED] } }]);
    expect(state.count).toBe(2);
  });

  it('leaves an event alone that has neither', () => {
    expect(redactEvent(start(), { type: 'log', timestamp: 1 }, 1).events).toEqual([{ type: 'log', timestamp: 1 }]);
  });

  it('finds one that is divided between pieces of a message', () => {
    const { contents, state } = told([piece('It is correct ho'), piece('rse bat'), piece('tery, I think')]);
    expect(contents.join('')).toBe(`It is ${REDACTED}, I think`);
    expect(state.count).toBe(1);
  });

  it('holds no more than what may be the beginning of one', () => {
    expect(told([piece('It is '), piece('correct')]).contents).toEqual(['It is ', 'correct']);
    expect(redactEvent(start(), piece('It is corr'), 1).events).toEqual([piece('It is ')]);
  });

  it('holds it for a second at most, however often more comes', () => {
    const first = redactEvent(start(), piece('c'), 0).state;
    const second = redactEvent(first, piece('o'), MAX_HELD_MS - 1).state;
    expect(releaseHeld(second, MAX_HELD_MS - 1).events).toEqual([]);
    expect(releaseHeld(second, MAX_HELD_MS).events).toEqual([piece('co')]);
    expect(releaseHeld(start(), Number.POSITIVE_INFINITY).events).toEqual([]);
  });

  it('tells what waits before another message or a tool, but not before what is logged', () => {
    const tool: AgentEvent = { type: 'tool_call', content: 'bash', timestamp: 1 };
    const log: AgentEvent = { type: 'log', content: 'a line', timestamp: 1 };
    expect(told([piece('say correct'), tool, piece(' horse battery')]).contents).toEqual([
      'say ',
      'correct',
      'bash',
      ' horse battery',
    ]);
    expect(told([piece('corr'), piece('ect', '2')]).contents).toEqual(['corr', 'ect']);
    expect(told([piece('correct'), log, piece(' horse battery')]).contents).toEqual(['a line', REDACTED]);
  });
});
