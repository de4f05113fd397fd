import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AgentEvent, agentEventSchema, cutEvent, EVENT_TYPES } from '../../../shared/event.ts';
import { MAX_EVENT_BYTES } from '../../../shared/limits.ts';

const piece = fc.constantFrom('a', '"', '\\', '\n', '\u0000', '\u001f', 'é', '€', '😀', '\ud83d');
const longText = fc
  .tuple(fc.array(piece, { minLength: 1, maxLength: 8 }), fc.integer({ min: 1, max: 80_000 }))
  .map(([parts, times]) => parts.join('').repeat(Math.ceil(times / parts.length)));

const anyEvent: fc.Arbitrary<AgentEvent> = fc.record(
  {
    type: fc.constantFrom(...EVENT_TYPES),
    content: longText,
    data: fc.oneof(
      fc.jsonValue(),
      longText.map((text) => ({ text })),
    ),
    timestamp: fc.double({ noNaN: true, noDefaultInfinity: true }),
  },
  { requiredKeys: ['type', 'timestamp'] },
);

function jsonBytes(event: AgentEvent): number {
  return Buffer.byteLength(JSON.stringify(event));
}

describe('cutEvent [C2]', () => {
  test('never exceeds MAX_EVENT_BYTES, and leaves alone what fits', () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        const cut = cutEvent(event);
        expect(jsonBytes(cut)).toBeLessThanOrEqual(MAX_EVENT_BYTES);
        if (jsonBytes(event) <= MAX_EVENT_BYTES) expect(cut).toBe(event);
        expect(agentEventSchema.safeParse(cut).success).toBe(true);
      }),
    );
  });

  test('keeps the head of the content whole and says how large the event was', () => {
    const content = '😀'.repeat(40_000);
    const event: AgentEvent = { type: 'message', content, data: { kept: false }, timestamp: 5 };
    const cut = cutEvent(event);
    expect(cut.data).toEqual({ truncated: true, bytes: jsonBytes(event) });
    expect(jsonBytes(cut)).toBeGreaterThan(0.9 * MAX_EVENT_BYTES);
    expect(content.startsWith(cut.content ?? 'none')).toBe(true);
    expect(Buffer.from(cut.content ?? '').toString()).toBe(cut.content);
    expect({ type: cut.type, timestamp: cut.timestamp }).toEqual({ type: 'message', timestamp: 5 });
  });

  test('marks data that nests too deep to be written', () => {
    const data: unknown = JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`);
    expect(cutEvent({ type: 'log', content: 'kept', data, timestamp: 1 })).toEqual({
      type: 'log',
      content: 'kept',
      data: { truncated: true },
      timestamp: 1,
    });
  });
});
