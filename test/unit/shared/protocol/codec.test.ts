import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_FRAME_BYTES } from '../../../../shared/limits.ts';
import { encodeFrame } from '../../../../shared/protocol/codec.ts';
import { decodeDown } from '../../../../shared/protocol/down-codec.ts';
import { decodeRegister, decodeUpV1, decodeUpV2 } from '../../../../shared/protocol/up-codec.ts';

const decoders = { decodeRegister, decodeUpV1, decodeUpV2, decodeDown };
const each = Object.entries(decoders);

const TYPES = [
  'register',
  'registered',
  'heartbeat',
  'heartbeat:ok',
  'ping',
  'task:execute',
  'task:abort',
  'task:input',
  'input:ack',
  'config:update',
  'task:started',
  'task:event',
  'task:events',
  'task:ack',
  'task:completed',
  'task:failed',
  'task:refused',
  'task:settled',
  'no:such',
  '',
  '__proto__',
  'constructor',
];
const FIELDS = [
  'taskId',
  'attempt',
  'seq',
  'event',
  'events',
  'result',
  'error',
  'details',
  'code',
  'sessionId',
  'task',
  'config',
  'content',
  'inputId',
  'capabilities',
  'hostId',
  'protocol',
  'runs',
  'reason',
  'message',
  'outcome',
  'ok',
  'timestamp',
  '__proto__',
];
const value = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom('t-1', 1, 0, 2, '', true, [], {}, { success: true }, { type: 'log', timestamp: 1 }),
);
/** Frames that look nearly right: they reach the schemas. */
const almostFrame = fc
  .tuple(fc.constantFrom(...TYPES), fc.array(fc.tuple(fc.constantFrom(...FIELDS), value), { maxLength: 8 }))
  .map(([type, fields]) => JSON.stringify({ ...Object.fromEntries(fields), type }));
const anyFrame = fc.oneof(fc.string({ unit: 'binary' }), fc.json(), almostFrame);

describe('codec [C1]', () => {
  test.each(each)('%s never throws, and gives only what its own kinds allow', (_name, decode) => {
    fc.assert(
      fc.property(anyFrame, (text) => {
        const decoded = decode(text);
        expect(['message', 'ignored', 'bad']).toContain(decoded.kind);
        if (decoded.kind === 'bad') expect(decoded.reason).not.toBe('');
        if (decoded.kind === 'message') expect(JSON.parse(text)).toMatchObject({ type: decoded.message.type });
      }),
      { numRuns: 500 },
    );
  });

  test.each(each)('%s drops what it does not know and reads its own output again', (_name, decode) => {
    fc.assert(
      fc.property(almostFrame, (text) => {
        const decoded = decode(text);
        if (decoded.kind !== 'message') return;
        expect(decode(encodeFrame(decoded.message))).toEqual(decoded);
      }),
      { numRuns: 500 },
    );
  });

  test('unknown fields are dropped', () => {
    expect(decodeDown('{"type":"ping","later":{"x":1}}')).toEqual({ kind: 'message', message: { type: 'ping' } });
  });

  test('an unknown type is ignored, not an error', () => {
    expect(decodeUpV2('{"type":"task:later"}')).toEqual({ kind: 'ignored', type: 'task:later' });
    expect(decodeRegister('{"type":"heartbeat"}')).toEqual({ kind: 'ignored', type: 'heartbeat' });
    expect(decodeUpV1('{"type":"task:events"}')).toEqual({ kind: 'ignored', type: 'task:events' });
  });

  test.each([
    ['', 'frame is not JSON'],
    ['{"type":"ping"', 'frame is not JSON'],
    ['null', 'frame is not an object'],
    ['7', 'frame is not an object'],
    ['[]', 'frame has no "type"'],
    ['{"type":1}', 'frame has no "type"'],
    ['{"type":"task:abort"}', 'task:abort: "taskId" expected string, received undefined'],
    ['{"type":"task:abort","taskId":"../x"}', 'task:abort: "taskId" is not a task id'],
  ])('%s is bad: %s', (text, reason) => {
    expect(decodeDown(text)).toEqual({ kind: 'bad', reason, oversized: false });
  });

  test('a frame is measured in bytes before it is parsed', () => {
    const fits = (bytes: number) => `{"type":"ping","x":"${'é'.repeat((bytes - 22) / 2)}"}`;
    expect(decodeDown(fits(MAX_FRAME_BYTES)).kind).toBe('message');
    expect(decodeDown(fits(MAX_FRAME_BYTES + 2))).toMatchObject({ kind: 'bad', oversized: true });
    expect(() => encodeFrame({ type: 'x'.repeat(MAX_FRAME_BYTES) })).toThrow(RangeError);
  });

  test('nesting that no writer could repeat is a bad frame', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const frame = `{"type":"task:event","taskId":"t","event":{"type":"log","timestamp":1,"data":${deep}}}`;
    expect(decodeUpV1(frame)).toMatchObject({ kind: 'bad', oversized: false });
  });
});
