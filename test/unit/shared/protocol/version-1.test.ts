import { describe, expect, test } from 'vitest';
import { decodeDown } from '../../../../shared/protocol/down-codec.ts';
import { decodeRegister, decodeUpV1 } from '../../../../shared/protocol/up-codec.ts';

/** The contract's tables, written out as a foreign implementation would send them: whole and minimal forms. */
const capabilities = { name: 'box', agents: ['opencode', 'my-agent'], maxConcurrent: 2, cwd: '/srv' };
const result = { success: true, exitCode: 0, output: 'done', duration: 12, filesChanged: ['a.txt'] };
const task = { taskId: 't-1', prompt: 'do it', cwd: '/srv', agentType: 'opencode' };

const register: Record<string, unknown>[] = [
  { type: 'register', hostId: 'h1', capabilities },
  { type: 'register', hostId: 'h1', capabilities: { ...capabilities, labels: { os: 'linux' } } },
];
const up: Record<string, unknown>[] = [
  { type: 'heartbeat', timestamp: 1 },
  { type: 'task:started', taskId: 't-1', sessionId: '' },
  { type: 'task:started', taskId: 't-1', sessionId: 'ses_1' },
  { type: 'task:completed', taskId: 't-1', result },
  { type: 'task:completed', taskId: 't-1', result: { success: false } },
  { type: 'task:failed', taskId: 't-1', error: 'crashed' },
  { type: 'task:failed', taskId: 't-1', error: 'crashed', details: { stderr: 'x' } },
  ...['log', 'thinking', 'tool_call', 'tool_result', 'file_change', 'message', 'error'].map((type) => ({
    type: 'task:event',
    taskId: 't-1',
    event: { type, content: 'x', data: { any: ['json', null] }, timestamp: 2 },
  })),
  { type: 'task:event', taskId: 't-1', event: { type: 'log', timestamp: 2 } },
];
const down: Record<string, unknown>[] = [
  { type: 'registered', ok: true },
  { type: 'registered', ok: false, error: 'no' },
  { type: 'ping' },
  { type: 'task:execute', task },
  { type: 'task:execute', task: { ...task, model: 'm', env: { A: '1' }, timeout: 1000, metadata: { k: [1] } } },
  { type: 'task:abort', taskId: 't-1' },
  { type: 'task:input', taskId: 't-1', content: 'yes' },
  { type: 'config:update', config: {} },
  { type: 'config:update', config: { heartbeatInterval: 1000, taskTimeout: 60_000, maxRetries: 2 } },
];

const cases = [
  ...register.map((frame) => ['register', decodeRegister, frame] as const),
  ...up.map((frame) => ['up', decodeUpV1, frame] as const),
  ...down.map((frame) => ['down', decodeDown, frame] as const),
];

describe('version 1 [C1]', () => {
  test.each(cases)('%s: %o %j is read without loss', (_direction, decode, frame) => {
    expect(decode(JSON.stringify(frame))).toEqual({ kind: 'message', message: frame });
  });

  test.each(cases)('%s: %o %j without one of its required fields is bad', (_direction, decode, frame) => {
    const optional = new Set(['error', 'details', 'timestamp', 'sessionId']);
    const required = Object.keys(frame).filter(
      (key) => key !== 'type' && (!optional.has(key) || frame.type === 'task:failed'),
    );
    for (const key of required.filter((name) => name !== 'details')) {
      const { [key]: _dropped, ...rest } = frame;
      const expected = frame.type === 'registered' && key === 'error' ? 'message' : 'bad';
      expect(decode(JSON.stringify(rest)).kind, `${frame.type} without ${key}`).toBe(expected);
    }
  });

  test('a gateway that announces a protocol number we do not know is served as version 1', () => {
    const frame = { type: 'register', hostId: 'h1', capabilities, protocol: 3, runs: 'unknown form' };
    expect(decodeRegister(JSON.stringify(frame))).toEqual({
      kind: 'message',
      message: { type: 'register', hostId: 'h1', capabilities },
    });
  });

  test.each([
    { ...capabilities, maxConcurrent: 0 },
    { ...capabilities, agents: 'opencode' },
    { ...capabilities, name: '' },
    { ...capabilities, cwd: undefined },
  ])('capabilities %j are refused', (bad) => {
    expect(decodeRegister(JSON.stringify({ type: 'register', hostId: 'h1', capabilities: bad })).kind).toBe('bad');
  });
});

describe('[C1] a frame that is slightly off is mended, not dropped: it is sent only once', () => {
  test.each<[object, object]>([
    [
      {
        type: 'task:completed',
        taskId: 't-1',
        result: { success: true, exitCode: null, output: 7, filesChanged: 'a' },
      },
      { result: { success: true } },
    ],
    [{ type: 'task:failed', taskId: 't-1', error: { message: 'boom' } }, { error: '{"message":"boom"}' }],
    [{ type: 'task:started', taskId: 't-1', sessionId: null }, { sessionId: '' }],
    [
      { type: 'task:event', taskId: 't-1', event: { type: 'status', content: null } },
      { event: { type: 'log', timestamp: 0 } },
    ],
  ])('%j', (frame, expected) => {
    expect(decodeUpV1(JSON.stringify(frame))).toMatchObject({ kind: 'message', message: expected });
  });

  test('but a result that does not say whether it is a success is none', () => {
    expect(decodeUpV1('{"type":"task:completed","taskId":"t-1","result":{}}').kind).toBe('bad');
  });
});
