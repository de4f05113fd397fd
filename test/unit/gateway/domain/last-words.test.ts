import { describe, expect, it } from 'vitest';
import { LastWords } from '../../../../gateway/domain/last-words.ts';
import type { AgentEvent } from '../../../../shared/event.ts';

function wordsOf(...events: Omit<AgentEvent, 'timestamp'>[]): string {
  const words = new LastWords();
  for (const event of events) words.add({ ...event, timestamp: 1 });
  return words.text;
}

describe('the output of a run by its events', () => {
  it('is what the agent said after its last tool, in pieces or whole', () => {
    const tool = { type: 'tool_call', content: 'ls' } as const;
    const say = (content: string) => ({ type: 'message', content }) as const;
    expect(wordsOf({ type: 'log', content: 'begun' }, say('I look.'), tool, say('There '), say('are two.'))).toBe(
      'There are two.',
    );
  });

  it('is what a program printed, without its errors and what the gateway says of it', () => {
    const log = (content: string, data?: unknown) => ({ type: 'log', content, data }) as const;
    const events = [
      log('one'),
      log('bad', { stream: 'stderr' }),
      log('two', { stream: 'stdout' }),
      log('x', { input: 'waiting' }),
    ];
    expect(wordsOf(...events)).toBe('one\ntwo\n');
    expect(wordsOf()).toBe('');
  });
});
