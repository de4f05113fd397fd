import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect } from 'vitest';
import { type AgentEvent, agentEventSchema } from '../../shared/event.ts';

export interface Step<State> {
  state: State;
  events: AgentEvent[];
}
/** One agent's parser: a line in, the next state and events out. */
export type Parser<State> = (state: State, line: string, now: number) => Step<State>;

/** ms; the time at which the lines of a test come. */
export const NOW = 1_000;
export const OK = { code: 0, signal: null };

/** All that a parser makes of these lines. */
export function readLines<State>(parser: Parser<State>, start: State, lines: readonly string[]): Step<State> {
  let state = start;
  const events: AgentEvent[] = [];
  for (const line of lines) {
    const step = parser(state, line, NOW);
    state = step.state;
    events.push(...step.events);
  }
  return { state, events };
}

/** Lines that an agent really printed. */
export function transcript(name: string): string[] {
  const path = new URL(`../fixtures/transcripts/${name}.jsonl`, import.meta.url);
  return readFileSync(path, 'utf8').split('\n');
}

export const types = (events: readonly AgentEvent[]): string[] => events.map((event) => event.type);

/** Lines that begin well and end anywhere, JSON of any form, and no JSON at all. */
export function brokenLines(knownLines: readonly string[]): fc.Arbitrary<string> {
  const known = knownLines.filter((line) => line !== '').map((line) => line.slice(0, 4_000));
  return fc.oneof(
    fc.string(),
    fc.json(),
    fc.json().map((json) => `{"type":"result","part":${json}}`),
    fc
      .tuple(fc.constantFrom(...known), fc.double({ min: 0, max: 0.99, noNaN: true }))
      .map(([line, share]) => line.slice(0, Math.floor(line.length * share))),
  );
}

/** A line of no known form is one `log` event as it came, or none when it is empty; the state stays. */
export function expectLogged<State>(parser: Parser<State>, start: State, knownLines: readonly string[]): void {
  fc.assert(
    fc.property(brokenLines(knownLines), (text) => {
      const { state, events } = parser(start, text, NOW);
      expect(state).toBe(start);
      expect(events).toEqual(
        text.trim() === '' ? [] : [{ type: 'log', content: text, data: { stream: 'stdout' }, timestamp: NOW }],
      );
      for (const event of events) expect(agentEventSchema.safeParse(event).success).toBe(true);
    }),
  );
}
